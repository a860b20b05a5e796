import { describe, expect, it } from 'vitest';
import { CUDA_WHEELS, spaceFor, wantsCard, whatStopsCuda } from './load-scripts.js';

describe('whatStopsCuda', () => {
  it.each([
    ['nothing is known', ''],
    ['nvidia-smi talks of other things', 'No devices were found'],
    ['an old nvidia-smi knows no capabilities', 'NVIDIA H200, 580.159.03, [N/A]'],
    ['a card is new enough', 'NVIDIA H200, 580.159.03, 9.0'],
    ['one of two cards is', 'NVIDIA GeForce GTX 960, 535.54.03, 5.2\nNVIDIA GeForce GTX 1080, 535.54.03, 6.1'],
    ['a card is of two digits', 'NVIDIA GeForce RTX 5090, 575.1, 12.0'],
  ])('lets pass where %s', (_, listing) => {
    expect(whatStopsCuda(listing)).toBeNull();
  });

  it('says what is expected, and what was found', () => {
    expect(whatStopsCuda('Tesla V100, 470.82.01, 7.0')).toBe(
      'expected an NVIDIA driver 525 or newer, found 470.82.01: update it',
    );
    expect(whatStopsCuda('NVIDIA GeForce GTX 960, 535.54.03, 5.2')).toMatch(
      /compute capability 6\.0 or higher.*found NVIDIA GeForce GTX 960 \(5\.2\)/,
    );
  });
});

describe('CUDA_WHEELS', () => {
  it('begins with TensorFlow, and names every package once with its hash and sizes', () => {
    expect(CUDA_WHEELS[0]?.package).toBe('tensorflow');
    expect(new Set(CUDA_WHEELS.map((wheel) => wheel.package)).size).toBe(CUDA_WHEELS.length);
    for (const { sha256, bytes, unpackedBytes } of CUDA_WHEELS) {
      expect(sha256).toMatch(/^[\da-f]{64}$/);
      expect(Math.min(bytes, unpackedBytes)).toBeGreaterThan(0);
    }
  });

  it('takes the room of all that is unpacked and of the largest wheel', () => {
    const [small, large] = [
      { ...CUDA_WHEELS[0]!, bytes: 1, unpackedBytes: 10 },
      { ...CUDA_WHEELS[0]!, bytes: 5, unpackedBytes: 20 },
    ];
    expect(spaceFor([small, large])).toBe(35);
    expect(spaceFor([])).toBe(0);
  });
});

describe('wantsCard', () => {
  it.each(['-1', ''])('leaves a card alone that CUDA_VISIBLE_DEVICES="%s" hides', (visible) => {
    expect(wantsCard({ CUDA_VISIBLE_DEVICES: visible })).toBe(false);
  });
});
