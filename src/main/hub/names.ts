import { GraftError } from '../../shared/errors.js';

/** What some file system forbids in names; what a name may hold elsewhere is replaced, so that the data set can be copied. */
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u001f\u007f<>:"|?*\\/]/g;
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;
const MAX_NAME_BYTES = 255;
const MAX_DEPTH = 32;

/**
 * A name that every file system takes, as near to the given one as it goes.
 *
 * @throws GraftError `invalid-value` when nothing is left of it, or it is too long
 */
export function safeName(name: string): string {
  // Windows drops dots and spaces at the end.
  const cleaned = name
    .normalize('NFC')
    .replace(FORBIDDEN, '_')
    .replace(/[. ]+$/, '');
  if (cleaned.trim() === '') {
    throw new GraftError('invalid-value', `expected a name for a file or folder, received ${JSON.stringify(name)}`);
  }
  if (Buffer.byteLength(cleaned) > MAX_NAME_BYTES) {
    throw new GraftError(
      'invalid-value',
      `expected a name of at most ${MAX_NAME_BYTES} bytes, received one of ${Buffer.byteLength(cleaned)}: ${cleaned.slice(0, 60)}…`,
    );
  }
  return RESERVED.test(cleaned) ? `_${cleaned}` : cleaned;
}

/** Cut to a number of bytes, between two characters. */
function cutTo(text: string, maxBytes: number): string {
  let bytes = 0;
  let cut = '';
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    cut += character;
  }
  return cut;
}

/**
 * A safe name, or one with a number where a file system that does not tell case has it already.
 *
 * @param taken names in lower case
 */
export function distinctName(name: string, taken: ReadonlySet<string>): string {
  const dot = name.lastIndexOf('.');
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? '' : ` (${number})`;
    const room = MAX_NAME_BYTES - Buffer.byteLength(suffix + extension);
    const candidate = number === 1 ? name : cutTo(stem, room) + suffix + extension;
    if (!taken.has(candidate.toLowerCase())) return candidate;
  }
}

/**
 * The parts of a relative path with `/`, each made safe.
 *
 * @throws GraftError `unsafe-file` for a path that leaves its folder, is absolute, too deep, or has an empty part
 */
export function safeParts(path: string): string[] {
  const parts = path.split('/');
  const isUnsafe = parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'));
  if (isUnsafe || /^[a-z]:/i.test(path) || parts.some((part) => /(^|\\)\.\.(\\|$)/.test(part))) {
    throw new GraftError('unsafe-file', `expected a path inside the upload, received ${JSON.stringify(path)}`);
  }
  if (parts.length > MAX_DEPTH) {
    throw new GraftError(
      'unsafe-file',
      `expected at most ${MAX_DEPTH} folders in one another, received ${parts.length}`,
    );
  }
  return parts.map(safeName);
}
