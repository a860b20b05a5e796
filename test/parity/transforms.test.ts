import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { AugmentPlan } from '../../src/shared/augment/plan.js';
import { renderAugment } from '../../src/shared/augment/render.js';
import type { PixelImage } from '../../src/shared/image.js';
import type { InputSpec } from '../../src/shared/input.js';
import { sharedPath } from '../support/shared-data.js';

interface Case {
  readonly image: string;
  readonly input: 'file' | 'eval';
  readonly op: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly output: string;
}

/** torchvision 0.28 on PIL pictures: single transforms with explicit parameters. */
const folder = sharedPath('fixtures', 'transforms');
const photos = sharedPath('data', 'hymenoptera');
const cases: readonly Case[] =
  folder === null || photos === null
    ? []
    : (JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8')) as { cases: Case[] }).cases;

async function decode(path: string): Promise<PixelImage> {
  const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

const INPUT: InputSpec = { size: 224, resize: 256, interpolation: 'bilinear', mean: [0, 0, 0], std: [1, 1, 1] };

/** The same transform as a plan of ours: what training would render had these dice come up. */
function planOf({ op, params }: Case): AugmentPlan {
  const number = (name: string): number => params[name] as number;
  const box = { left: number('left'), top: number('top'), width: number('width'), height: number('height') };
  // An eval picture is 224 pixels already: framing it by squash leaves it as it is.
  const onSquare = (planned: Record<string, unknown> & { op: string }): AugmentPlan => ({
    input: INPUT,
    frame: { kind: 'framing', framing: 'squash' },
    ops: [planned],
  });
  switch (op) {
    case 'eval':
      return { input: INPUT, frame: { kind: 'framing', framing: 'crop' }, ops: [] };
    case 'resized_crop':
      return { input: INPUT, frame: { kind: 'crop', box }, ops: [] };
    case 'hflip':
      return onSquare({ op: 'horizontal_flip' });
    case 'vflip':
      return onSquare({ op: 'vertical_flip' });
    case 'rotate':
      return onSquare({ op: 'rotation', degrees: number('angle') });
    case 'affine':
      return onSquare({
        op: 'affine',
        degrees: number('angle'),
        translatePixels: params['translate'],
        scale: number('scale'),
        shearDegrees: params['shear'],
        about: 'centre',
      });
    case 'perspective':
      return onSquare({ op, startpoints: params['startpoints'], endpoints: params['endpoints'] });
    case 'adjust_brightness':
    case 'adjust_contrast':
    case 'adjust_saturation':
      return onSquare({ op: op.slice('adjust_'.length), factor: number('factor') });
    case 'adjust_hue':
      return onSquare({ op: 'hue', turns: number('factor') });
    case 'adjust_sharpness':
      return onSquare({ op: 'sharpness', factor: number('sharpness_factor') });
    case 'gaussian_blur':
      return onSquare({ op, kernelSize: number('kernel_size'), sigma: number('sigma') });
    case 'erase':
      return onSquare({ op, ...box, fill: 'black', seed: 0 });
    default:
      return onSquare({ op, ...params });
  }
}

describe.skipIf(cases.length === 0)('transforms against torchvision', () => {
  it('has all sixty cases', () => expect(cases.length).toBe(60));

  it.each(cases.map((entry) => [entry.output, entry] as const))('%s', async (_name, entry) => {
    const evalFile = cases.find((other) => other.op === 'eval' && other.image === entry.image)!.output;
    const source = await decode(entry.input === 'file' ? join(photos!, entry.image) : join(folder!, evalFile));
    const expected = await decode(join(folder!, entry.output));
    const actual = renderAugment(source, planOf(entry));
    expect([actual.width, actual.height]).toEqual([expected.width, expected.height]);
    let worst = 0;
    let squares = 0;
    actual.data.forEach((value, index) => {
      const difference = Math.abs(value - expected.data[index]!);
      worst = Math.max(worst, difference);
      squares += difference * difference;
    });
    const isResize = entry.op === 'eval' || entry.op === 'resized_crop';
    expect(worst, 'largest difference in levels').toBeLessThanOrEqual(isResize ? 1 : 2);
    expect(Math.sqrt(squares / expected.data.length), 'rms in levels').toBeLessThanOrEqual(0.7);
  });
});
