import { describe, expect, it } from 'vitest';
import { sniff } from '../../../../../src/main/engine/dataset/sniff.js';
import { bmpBytes, makePhoto, photoBytes } from '../../../../support/images.js';

/** The first box of an ISO base media file. */
function fileTypeBox(major: string, compatible: readonly string[]): Buffer {
  const box = Buffer.alloc(16 + 4 * compatible.length);
  box.writeUInt32BE(box.length, 0);
  box.write(`ftyp${major}`, 4, 'latin1');
  compatible.forEach((brand, i) => box.write(brand, 16 + 4 * i, 'latin1'));
  return box;
}

describe('sniff goes by the first bytes', () => {
  it.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)('knows what sharp writes as %s', async (format) => {
    const bytes = await photoBytes(16, 16, 1, (picture) => picture.toFormat(format));
    expect(sniff(bytes)).toEqual({ kind: 'image', format });
    expect(sniff(bytes.subarray(0, 40))).toEqual({ kind: 'image', format });
  });

  it('knows BMP, but not every text that begins with its letters', () => {
    expect(sniff(bmpBytes(makePhoto(3, 3, 1), { bits: 24, isTopDown: false }))).toEqual({
      kind: 'image',
      format: 'bmp',
    });
    expect(sniff(Buffer.from('BMW and other makers of motor cars\n'))).toEqual({ kind: 'other' });
  });

  it('tells AVIF from HEIC and from films by all the brands', () => {
    expect(sniff(fileTypeBox('mif1', ['miaf', 'avif']))).toEqual({ kind: 'image', format: 'avif' });
    expect(sniff(fileTypeBox('heic', ['mif1', 'heic']))).toEqual({ kind: 'unsupported', format: 'HEIC' });
    expect(sniff(fileTypeBox('isom', ['mp41']))).toMatchObject({ kind: 'unsupported' });
  });

  it.each([
    ['SVG', '\ufeff<!-- drawn --><svg xmlns="http://www.w3.org/2000/svg">'],
    ['PDF', '%PDF-1.4'],
    ['AVI film', 'RIFF\x10\0\0\0AVI LIST'],
  ])('names %s', (format, text) => {
    expect(sniff(Buffer.from(text))).toEqual({ kind: 'unsupported', format });
  });

  it('finds nothing in an empty file, text and half a signature', () => {
    expect(sniff(new Uint8Array(0))).toEqual({ kind: 'empty' });
    for (const text of ['ants', '{"svg": 1}', 'RIFF\x10\0\0\0WAVEfmt ', '<html><svg></svg></html>']) {
      expect(sniff(Buffer.from(text))).toEqual({ kind: 'other' });
    }
    expect(sniff(Buffer.from('89504e47', 'hex'))).toEqual({ kind: 'other' });
  });
});
