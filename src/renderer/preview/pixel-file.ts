import { GraftError } from '../../shared/errors.js';
import type { PixelImage } from '../../shared/image.js';

/** Magic, width, height, and what the library checks: CRC-32 and length of the pixels. */
const HEADER_BYTES = 20;
const MAGIC = 0x58504647;

/**
 * Reads source pixels as the library serves them: an entry of the pixel cache.
 *
 * @throws GraftError `unreadable-file`
 */
export function readPixelFile(bytes: ArrayBuffer): PixelImage {
  const received = `received ${bytes.byteLength} bytes`;
  if (bytes.byteLength < HEADER_BYTES) {
    throw new GraftError(
      'unreadable-file',
      `expected source pixels with a header of ${HEADER_BYTES} bytes, ${received}`,
    );
  }
  const header = new DataView(bytes);
  if (header.getUint32(0, true) !== MAGIC) {
    throw new GraftError('unreadable-file', `expected source pixels, ${received} that are something else`);
  }
  const width = header.getUint32(4, true);
  const height = header.getUint32(8, true);
  const data = new Uint8Array(bytes, HEADER_BYTES);
  if (data.length !== width * height * 3) {
    throw new GraftError(
      'unreadable-file',
      `expected the pixels of ${width} × ${height}, ${width * height * 3 + HEADER_BYTES} bytes, ${received}`,
    );
  }
  return { width, height, data };
}
