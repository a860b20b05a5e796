import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../../../../src/main/engine/backbones/checkpoint.js';
import { loadWeights, type LoadTarget } from '../../../../../src/main/engine/backbones/load.js';
import { getBackbone } from '../../../../../src/main/engine/backbones/registry.js';
import { createEagerNetwork } from '../../../../../src/main/engine/graph/eager.js';
import type { WeightMap, WeightTensor } from '../../../../../src/main/engine/graph/types.js';
import { loadTensorFlow } from '../../../../../src/main/engine/tf.js';
import { GraftError } from '../../../../../src/shared/errors.js';
import { makeFolder, removeFolder } from '../../../../support/images.js';
import { formulaInput, formulaWeights } from '../../../../support/networks.js';
import { CHECKPOINT_FORMATS, encodeCheckpoint, type CheckpointFormat } from '../../../../support/torch-writer.js';
import { mulberry32 } from '../../../../support/fill.js';

const FORMATS = Object.keys(CHECKPOINT_FORMATS) as CheckpointFormat[];
const definition = getBackbone('resnet18');
const network = definition.build();
const weights = formulaWeights(network);
const target: LoadTarget = { id: definition.id, params: network.params, ignore: definition.ignore };
const scratch = makeFolder('formats');

const fileOf = (format: CheckpointFormat): string => join(scratch, `resnet18.${CHECKPOINT_FORMATS[format]}`);

beforeAll(async () => {
  for (const format of FORMATS) await writeFile(fileOf(format), await encodeCheckpoint(weights, format));
});
afterAll(() => removeFolder(scratch));

describe('one network in three formats', () => {
  const SIZE = 64;
  const pixels = formulaInput(SIZE, mulberry32(3));

  it.each(FORMATS)('%s: names that JavaScript objects have of their own, and no values at all', async (format) => {
    const odd: WeightMap = new Map([
      ['__proto__', { shape: [2], data: Float32Array.of(1, 2) }],
      ['2', { shape: [], data: Float32Array.of(3) }],
      ['1', { shape: [0, 4], data: new Float32Array(0) }],
    ]);
    const file = join(scratch, 'odd');
    await writeFile(file, await encodeCheckpoint(odd, format));
    const { tensors } = await readCheckpoint(file);
    expect(Object.fromEntries(tensors)).toEqual(Object.fromEntries(odd));
  });

  async function featuresOf(loaded: WeightMap): Promise<Float32Array> {
    const tf = await loadTensorFlow();
    const eager = createEagerNetwork(tf, network, loaded);
    const x = tf.tensor4d(pixels, [1, SIZE, SIZE, 3]);
    const features = eager.run(x, definition.featuresNode);
    const values = features.dataSync<'float32'>();
    tf.dispose([x, features]);
    eager.dispose();
    return values;
  }

  it('gives the features of the weights that were written', async () => {
    const expected = await featuresOf(weights);
    expect(new Set(expected).size).toBeGreaterThan(100);
    for (const format of FORMATS) {
      const checkpoint = await readCheckpoint(fileOf(format));
      expect(checkpoint.format).toBe(format);
      expect(await featuresOf(loadWeights(target, checkpoint)), format).toEqual(expected);
    }
  });
});

describe('strict loading', () => {
  const load = (tensors: ReadonlyMap<string, WeightTensor>): GraftError => {
    try {
      loadWeights(target, { format: 'safetensors', tensors });
    } catch (error) {
      expect(error).toBeInstanceOf(GraftError);
      return error as GraftError;
    }
    throw new Error('expected a refusal');
  };
  const names = [...weights.keys()];

  it('lists the first five of what is missing, and counts', () => {
    const error = load(new Map([...weights].slice(7)));
    expect(error.code).toBe('weights-mismatch');
    expect(error.message).toContain(`missing: ${names.slice(0, 5).join(', ')}, … (7 in all)`);
    expect(error.message).not.toContain(names[5]);
    expect(error.message).toContain(`expected the ${names.length} tensors of resnet18, received ${names.length - 7}`);
    expect(error.details).toMatchObject({ missing: names.slice(0, 7), unexpected: [], misshapen: [] });
  });

  it('lists what is unexpected, and spares what is ignored', () => {
    const tensor = { shape: [], data: new Float32Array(1) };
    const more = new Map([...weights, ['bn1.num_batches_tracked', tensor], ['aux.weight', tensor]]);
    const error = load(more);
    expect(error.message).toContain('unexpected: aux.weight');
    expect(error.message).not.toMatch(/num_batches_tracked|missing|another shape/);
    more.delete('aux.weight');
    expect(loadWeights(target, { format: 'safetensors', tensors: more }).size).toBe(names.length);
  });

  it('says which shape was expected and which came', () => {
    const wrong = new Map(weights);
    wrong.set('fc.weight', { shape: [2, 512], data: new Float32Array(1024) });
    wrong.set('fc.bias', { shape: [1000, 1], data: new Float32Array(1000) });
    const { message } = load(wrong);
    expect(message).toContain('fc.weight (expected [1000, 512], received [2, 512])');
    expect(message).toContain('fc.bias (expected [1000], received [1000, 1])');
  });

  it('tells of several kinds at once', () => {
    const renamed = new Map([...weights].map(([name, tensor]) => [name.replace('fc.', 'classifier.'), tensor]));
    const { message } = load(renamed);
    expect(message).toContain('missing: fc.weight, fc.bias; unexpected: classifier.weight, classifier.bias');
  });
});
