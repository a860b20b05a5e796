/** What a file is by its first bytes. */
export type FileKind =
  | { readonly kind: 'image'; readonly format: string }
  | { readonly kind: 'unsupported'; readonly format: string }
  | { readonly kind: 'empty' }
  | { readonly kind: 'other' };

/** So many bytes suffice. */
export const SNIFF_BYTES = 512;

const image = (format: string): FileKind => ({ kind: 'image', format });
const unsupported = (format: string): FileKind => ({ kind: 'unsupported', format });

/** What files begin with, a character a byte. */
const SIGNATURES: readonly (readonly [string, FileKind])[] = [
  ['\xff\xd8\xff', image('jpeg')],
  ['\x89PNG\r\n\x1a\n', image('png')],
  ['GIF87a', image('gif')],
  ['GIF89a', image('gif')],
  ['II*\0', image('tiff')],
  ['MM\0*', image('tiff')],
  ['II+\0', image('tiff')],
  ['MM\0+', image('tiff')],
  ['%PDF', unsupported('PDF')],
  ['8BPS', unsupported('Photoshop')],
  ['\xff\x0a', unsupported('JPEG XL')],
  ['\0\0\0\x0cJXL ', unsupported('JPEG XL')],
  ['\0\0\0\x0cjP  ', unsupported('JPEG 2000')],
  ['\xff\x4f\xff\x51', unsupported('JPEG 2000')],
  ['\0\0\x01\0', unsupported('icon')],
  ['v/1\x01', unsupported('OpenEXR')],
  ['\x1aE\xdf\xa3', unsupported('Matroska or WebM film')],
];

const RIFF_FORMATS: Readonly<Record<string, FileKind>> = { WEBP: image('webp'), 'AVI ': unsupported('AVI film') };

/** Sizes of the header that follows a BMP's first 14 bytes: a text may begin with "BM", too. */
const BMP_HEADER_BYTES = new Set([12, 16, 40, 52, 56, 64, 108, 124]);

const AVIF_BRANDS = new Set(['avif', 'avis']);
const HEIC_BRANDS = new Set(['heic', 'heix', 'hevc', 'hevx', 'heim', 'heis', 'mif1', 'msf1']);

/** ISO base media files name what can read them: the brand, four bytes of version, compatible brands. */
function sniffBrands(head: string): FileKind {
  const boxBytes = head.charCodeAt(2) * 256 + head.charCodeAt(3);
  const brands: string[] = [head.slice(8, 12)];
  for (let at = 16; at + 4 <= Math.min(boxBytes, head.length); at += 4) brands.push(head.slice(at, at + 4));
  if (brands.some((brand) => AVIF_BRANDS.has(brand))) return image('avif');
  if (brands.some((brand) => HEIC_BRANDS.has(brand))) return unsupported('HEIC');
  return unsupported(`a film or container (${brands[0]})`);
}

const SVG = /^(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)*(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/i;

/**
 * Names a file's kind by its first bytes, whatever its name says.
 *
 * @param bytes the first {@link SNIFF_BYTES} of the file, or more
 */
export function sniff(bytes: Uint8Array): FileKind {
  if (bytes.length === 0) return { kind: 'empty' };
  const head = String.fromCharCode(...bytes.subarray(0, SNIFF_BYTES));
  for (const [signature, kind] of SIGNATURES) if (head.startsWith(signature)) return kind;
  const riff = head.startsWith('RIFF') ? RIFF_FORMATS[head.slice(8, 12)] : undefined;
  if (riff !== undefined) return riff;
  if (head.startsWith('BM') && bytes.length > 26 && BMP_HEADER_BYTES.has(head.charCodeAt(14)) && head[15] === '\0') {
    return image('bmp');
  }
  if (head.slice(4, 8) === 'ftyp') return sniffBrands(head);
  if (SVG.test(head.replace(/^\xef\xbb\xbf/, '').trimStart())) return unsupported('SVG');
  return { kind: 'other' };
}
