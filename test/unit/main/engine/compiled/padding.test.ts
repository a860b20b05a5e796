import { describe, expect, it } from 'vitest';
import { explicitPadding, padBefore, paddingAttributes } from '../../../../../src/main/engine/compiled/padding.js';
import type { Window } from '../../../../../src/main/engine/graph/kernels.js';

const nameOf = (window: Window): string => {
  const { padding } = paddingAttributes(window);
  return padding && 's' in padding ? new TextDecoder().decode(padding.s) : '';
};
const same: Window = { kernelSize: 3, stride: 2, padding: 'same' };
const centred: Window = { kernelSize: 5, stride: 1, padding: 2 };
const none: Window = { kernelSize: 3, stride: 2, padding: 0 };
const strided: Window = { kernelSize: 3, stride: 2, padding: 1 };
const narrow: Window = { kernelSize: 5, stride: 1, padding: 1 };

describe('padding in a compiled graph', () => {
  it('is SAME where that is what a number of pixels comes to', () => {
    expect([same, centred].map(nameOf)).toEqual(['SAME', 'SAME']);
    expect(nameOf(none)).toBe('VALID');
  });

  it('is explicit otherwise: SAME would begin elsewhere', () => {
    for (const window of [strided, narrow]) expect(nameOf(window)).toBe('EXPLICIT');
    expect(paddingAttributes(strided)['explicit_paddings']).toEqual({ list: { i: [0, 0, 1, 1, 1, 1, 0, 0] } });
  });

  it('names every pixel where that is wanted, SAME with the odd one behind', () => {
    const pixelsOf = (window: Window, height: number, width: number): unknown => {
      const { padding, explicit_paddings: pixels } = explicitPadding(window, [height, width]);
      expect(padding).toEqual({ s: new TextEncoder().encode('EXPLICIT') });
      return pixels;
    };
    expect(pixelsOf(same, 8, 7)).toEqual({ list: { i: [0, 0, 0, 1, 1, 1, 0, 0] } });
    expect(pixelsOf({ ...same, kernelSize: 5 }, 65, 64)).toEqual({ list: { i: [0, 0, 2, 2, 1, 2, 0, 0] } });
    expect(pixelsOf({ kernelSize: 1, stride: 2, padding: 'same' }, 8, 8)).toEqual({
      list: { i: [0, 0, 0, 0, 0, 0, 0, 0] },
    });
    expect(pixelsOf(centred, 8, 8)).toEqual({ list: { i: [0, 0, 2, 2, 2, 2, 0, 0] } });
  });

  it('is done beforehand where a window would need it to be explicit', () => {
    for (const window of [same, centred, none]) expect(padBefore(window)).toEqual({ before: 0, window });
    for (const window of [strided, narrow]) {
      const padded = padBefore(window);
      expect(padded).toEqual({ before: 1, window: { ...window, padding: 0 } });
      expect(nameOf(padded.window)).toBe('VALID');
    }
  });
});
