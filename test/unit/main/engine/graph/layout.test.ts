import { describe, expect, it } from 'vitest';
import { toSourceLayout, toTensorFlowLayout } from '../../../../../src/main/engine/graph/layout.js';
import type { ParamLayout } from '../../../../../src/main/engine/graph/types.js';

/** Values that say where they stand: element (o, i, h, w) is o·1000 + i·100 + h·10 + w. */
function labelled(shape: readonly [number, number, number, number]): Float32Array {
  const data: number[] = [];
  for (let o = 0; o < shape[0]; o++)
    for (let i = 0; i < shape[1]; i++)
      for (let h = 0; h < shape[2]; h++) for (let w = 0; w < shape[3]; w++) data.push(o * 1000 + i * 100 + h * 10 + w);
  return Float32Array.from(data);
}

describe('layouts', () => {
  it('turns OIHW into HWIO', () => {
    const turned = toTensorFlowLayout({ shape: [5, 4, 2, 3], data: labelled([5, 4, 2, 3]) }, 'conv');
    expect(turned.shape).toEqual([2, 3, 4, 5]);
    const at = (h: number, w: number, i: number, o: number): number => turned.data[((h * 3 + w) * 4 + i) * 5 + o]!;
    expect([at(0, 0, 0, 0), at(1, 2, 3, 4), at(0, 1, 2, 3), at(1, 0, 0, 4)]).toEqual([0, 4312, 3201, 4010]);
  });

  it('turns a depthwise kernel, C1HW, into HWC1', () => {
    const turned = toTensorFlowLayout({ shape: [4, 1, 2, 3], data: labelled([4, 1, 2, 3]) }, 'depthwise');
    expect(turned.shape).toEqual([2, 3, 4, 1]);
    expect([...turned.data]).toEqual([
      ...[0, 1000, 2000, 3000, 1, 1001, 2001, 3001, 2, 1002, 2002, 3002],
      ...[10, 1010, 2010, 3010, 11, 1011, 2011, 3011, 12, 1012, 2012, 3012],
    ]);
  });

  it('transposes a dense matrix and leaves vectors alone', () => {
    const turned = toTensorFlowLayout({ shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }, 'dense');
    expect(turned).toEqual({ shape: [3, 2], data: Float32Array.of(1, 4, 2, 5, 3, 6) });
    const vector = { shape: [3], data: Float32Array.of(3, 1, 2) };
    expect(toTensorFlowLayout(vector, 'vector')).toEqual(vector);
  });

  it.each<[ParamLayout, number[]]>([
    ['conv', [5, 4, 2, 3]],
    ['depthwise', [4, 1, 3, 5]],
    ['dense', [7, 2]],
    ['vector', [9]],
  ])('there and back: %s', (layout, shape) => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i);
    expect(toSourceLayout(toTensorFlowLayout({ shape, data }, layout), layout)).toEqual({ shape, data });
  });

  it('refuses a tensor of another rank', () => {
    expect(() => toTensorFlowLayout({ shape: [6], data: new Float32Array(6) }, 'conv')).toThrow('4 axes, received [6]');
  });
});
