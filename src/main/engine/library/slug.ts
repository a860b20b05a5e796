const MAX_SLUG_LENGTH = 40;

/** A name as part of a file name: letters and numbers of any script, the rest hyphens; empty when there are none. */
export function slugOf(name: string): string {
  const words = name
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '-');
  // By code point, so that no character is cut in two.
  return [...words]
    .slice(0, MAX_SLUG_LENGTH)
    .join('')
    .replace(/^-+|-+$/g, '');
}
