import { describe, expect, it } from 'vitest';
import { planBatchMix, renderBatchMix, type MixBatch } from '../../../../src/shared/augment/batch-mix.js';
import type { MixSpec } from '../../../../src/shared/augment/policy.js';

const SIZE = 32;
const CLASSES = 4;
const COUNT = 5;

const plansOf = (mix: MixSpec, steps: number, count = COUNT) =>
  Array.from({ length: steps }, (_, step) => planBatchMix(mix, { seed: 3, step }, count, SIZE));

/** Each picture filled with one level of its own, each with a class of its own where there are enough. */
function makeBatch(): MixBatch {
  const pixels = new Uint8Array(COUNT * SIZE * SIZE * 3);
  const targets = new Float32Array(COUNT * CLASSES);
  for (let index = 0; index < COUNT; index++) {
    pixels.fill(40 * index, index * SIZE * SIZE * 3, (index + 1) * SIZE * SIZE * 3);
    targets[index * CLASSES + (index % CLASSES)] = 1;
  }
  return { pixels, targets };
}

const pictureOf = ({ pixels }: MixBatch, index: number): Uint8Array =>
  pixels.subarray(index * SIZE * SIZE * 3, (index + 1) * SIZE * SIZE * 3);

describe('planBatchMix', () => {
  it('is the same for the same seed and step, and JSON', () => {
    const mix: MixSpec = { kind: 'cutmix', alpha: 1, p: 0.5 };
    const plans = plansOf(mix, 20);
    expect(plansOf(mix, 20)).toEqual(plans);
    expect(JSON.parse(JSON.stringify(plans))).toEqual(plans);
    expect(new Set(plans.map(({ lambda }) => lambda)).size).toBeGreaterThan(5);
  });

  it('pairs each picture with the one before it, as torchvision rolls a batch', () => {
    expect(plansOf({ kind: 'mixup', alpha: 1, p: 1 }, 1)[0]!.partners).toEqual([4, 0, 1, 2, 3]);
  });

  it('mixes as often as p says, and never one picture alone', () => {
    const shareOf = (p: number): number =>
      plansOf({ kind: 'mixup', alpha: 1, p }, 4000).filter(({ kind }) => kind === 'mixup').length / 4000;
    expect(shareOf(0)).toBe(0);
    expect(shareOf(1)).toBe(1);
    expect(Math.abs(shareOf(0.3) - 0.3)).toBeLessThan(0.03);
    expect(plansOf({ kind: 'cutmix', alpha: 1, p: 1 }, 3, 1).map(({ kind }) => kind)).toEqual(['none', 'none', 'none']);
  });

  it.each([0.2, 1, 4])("draws mixup's share from Beta(%d, itself)", (alpha) => {
    const shares = plansOf({ kind: 'mixup', alpha, p: 1 }, 10_000).map(({ lambda }) => lambda);
    const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
    const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1 / (4 * (2 * alpha + 1)))).toBeLessThan(0.008);
  });

  it("makes cutmix's share the area that stays, also where the edge cuts the box", () => {
    const plans = plansOf({ kind: 'cutmix', alpha: 1, p: 1 }, 2000);
    let cutByEdge = 0;
    for (const { lambda, box } of plans) {
      const { left, top, width, height } = box!;
      expect(Math.min(left, top, width, height)).toBeGreaterThanOrEqual(0);
      expect(left + width).toBeLessThanOrEqual(SIZE);
      expect(top + height).toBeLessThanOrEqual(SIZE);
      expect(lambda).toBeCloseTo(1 - (width * height) / SIZE ** 2, 12);
      if (width !== height) cutByEdge++;
    }
    expect(cutByEdge).toBeGreaterThan(100);
  });
});

describe('renderBatchMix', () => {
  it('leaves a batch that is not mixed as it is', () => {
    const batch = makeBatch();
    const plan = { kind: 'none', lambda: 1, partners: [4, 0, 1, 2, 3], box: null } as const;
    expect(renderBatchMix(batch, plan, SIZE, CLASSES)).toEqual(makeBatch());
  });

  it('blends pixels and targets by the share', () => {
    const batch = makeBatch();
    const plan = { kind: 'mixup', lambda: 0.75, partners: [4, 0, 1, 2, 3], box: null } as const;
    const mixed = renderBatchMix(batch, plan, SIZE, CLASSES);
    // Picture 2 is 80 and meets 40; picture 0 is 0 and meets 160.
    expect(new Set(pictureOf(mixed, 2))).toEqual(new Set([70]));
    expect(new Set(pictureOf(mixed, 0))).toEqual(new Set([40]));
    expect([...mixed.targets.subarray(2 * CLASSES, 3 * CLASSES)]).toEqual([0, 0.25, 0.75, 0]);
    // Pictures 4 and 0 are of one class.
    expect([...mixed.targets.subarray(0, CLASSES)]).toEqual([1, 0, 0, 0]);
    expect(batch).toEqual(makeBatch());
  });

  it("copies the partner's very part", () => {
    const batch = makeBatch();
    const box = { left: 3, top: 5, width: 8, height: 16 };
    const plan = { kind: 'cutmix', lambda: 1 - 128 / 1024, partners: [4, 0, 1, 2, 3], box } as const;
    const mixed = renderBatchMix(batch, plan, SIZE, CLASSES);
    const picture = pictureOf(mixed, 3);
    for (let y = 0; y < SIZE; y++) {
      for (let x = 0; x < SIZE; x++) {
        const isInside = x >= 3 && x < 11 && y >= 5 && y < 21;
        expect(picture[(y * SIZE + x) * 3 + 1]).toBe(isInside ? 80 : 120);
      }
    }
    expect([...mixed.targets.subarray(3 * CLASSES)].slice(0, CLASSES)).toEqual([0, 0, 0.125, 0.875]);
    expect(batch).toEqual(makeBatch());
  });

  it.each(['mixup', 'cutmix'] as const)('%s: every row of targets sums to 1', (kind) => {
    for (const plan of plansOf({ kind, alpha: 0.5, p: 1 }, 100)) {
      const { targets } = renderBatchMix(makeBatch(), plan, SIZE, CLASSES);
      for (let row = 0; row < COUNT; row++) {
        const sum = targets.subarray(row * CLASSES, (row + 1) * CLASSES).reduce((a, b) => a + b, 0);
        expect(sum).toBeCloseTo(1, 6);
      }
    }
  });
});
