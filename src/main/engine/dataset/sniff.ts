/** What a file is by its first bytes. */
export type FileKind =
  | { readonly kind: 'image'; readonly format: string }
  | { readonly kind: 'unsupported'; readonly format: string }
  | { readonly kind: 'empty' }
  | { readonly kind: 'other' };

/** So many bytes suffice. */
export const SNIFF_BYTES = 512;

const ascii = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

const HEIF_BRANDS = new Set(['heic', 'heix', 'hevc', 'hevx', 'mif1', 'msf1', 'heim', 'heis']);
const AVIF_BRANDS = new Set(['avif', 'avis']);

/** Names a file's kind by its first bytes, whatever its name says. */
export function sniff(bytes: Uint8Array): FileKind {
  if (bytes.length === 0) return { kind: 'empty' };
  const head = ascii(bytes, 0, 4);
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return { kind: 'image', format: 'jpeg' };
  if (head === '\x89PNG') return { kind: 'image', format: 'png' };
  if (head === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return { kind: 'image', format: 'webp' };
  if (head === 'GIF8') return { kind: 'image', format: 'gif' };
  if (head === 'II*\0' || head === 'MM\0*' || head === 'II+\0' || head === 'MM\0+')
    return { kind: 'image', format: 'tiff' };
  if (head.startsWith('BM') && bytes.length > 26) return { kind: 'image', format: 'bmp' };
  if (ascii(bytes, 4, 8) === 'ftyp') {
    const brand = ascii(bytes, 8, 12);
    if (AVIF_BRANDS.has(brand)) return { kind: 'image', format: 'avif' };
    if (HEIF_BRANDS.has(brand)) return { kind: 'image', format: 'heic' };
    return { kind: 'unsupported', format: `video or container (${brand})` };
  }
  if (head === '%PDF') return { kind: 'unsupported', format: 'PDF' };
  if (head === '8BPS') return { kind: 'unsupported', format: 'Photoshop' };
  if (ascii(bytes, 0, 12) === '\0\0\0\x0cJXL \r\n\x87\n' || (bytes[0] === 0xff && bytes[1] === 0x0a)) {
    return { kind: 'unsupported', format: 'JPEG XL' };
  }
  const text = ascii(bytes, 0, Math.min(bytes.length, SNIFF_BYTES))
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  if (/^(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)*(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/i.test(text)) {
    return { kind: 'unsupported', format: 'SVG' };
  }
  return { kind: 'other' };
}
