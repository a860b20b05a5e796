import * as v from 'valibot';
import { GraftError } from '../../shared/errors.js';
import { parseWith } from '../../shared/parse.js';
import type { Client } from '../../shared/rpc.js';
import type { Grants, MediaFile } from './types.js';

const SIZES = [96, 192, 384, 1024] as const;

const size = v.pipe(v.string(), v.transform(Number), v.picklist(SIZES));
/** The caller's name for the bytes, usually the picture's hash: with it the address means the same for ever. */
const version = v.optional(v.string());
const name = v.pipe(v.string(), v.minLength(1));

const thumbnailQuery = v.union([
  v.strictObject({ image: name, size, v: version }),
  v.strictObject({ file: name, size, v: version }),
]);
const pixelsQuery = v.strictObject({ image: name, backbone: name, v: version });

function queryOf(address: URL): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [key, value] of address.searchParams) {
    if (Object.hasOwn(query, key) || key === '__proto__') {
      throw new GraftError('invalid-value', `${address.pathname}: expected each field once, received ${key} again`);
    }
    query[key] = value;
  }
  return query;
}

/**
 * Finds the file behind a picture's address, see {@link Hub.media}.
 *
 * @param client of the library, which looks pictures up and re-encodes them
 */
export async function findMedia(
  address: URL,
  client: Pick<Client, 'call'>,
  check: Grants['check'],
): Promise<MediaFile | null> {
  if (address.pathname === '/media/thumbnail') {
    const query = parseWith(thumbnailQuery, queryOf(address), 'thumbnail');
    const source =
      'image' in query
        ? ({ kind: 'image', image: query.image } as const)
        : ({ kind: 'file', file: await check(query.file) } as const);
    const { file } = await client.call('media.thumbnail', { source, size: query.size });
    return { file, contentType: 'image/webp', isImmutable: query.v !== undefined };
  }
  if (address.pathname === '/media/pixels') {
    const { image, backbone, v: hash } = parseWith(pixelsQuery, queryOf(address), 'pixels');
    const { file } = await client.call('media.pixels', { image, backbone });
    return { file, contentType: 'application/octet-stream', isImmutable: hash !== undefined };
  }
  return null;
}
