import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getBackbone } from '../../../../../src/main/engine/backbones/registry.js';
import { createRunFolder, readModel } from '../../../../../src/main/engine/runs/run-folder.js';
import { loadTensorFlow } from '../../../../../src/main/engine/tf.js';
import { createRunControl } from '../../../../../src/main/engine/train/control.js';
import { type Emit, trainRun } from '../../../../../src/main/engine/train/run.js';
import { parsePolicy } from '../../../../../src/shared/augment/policy.js';
import { presetPolicy } from '../../../../../src/shared/augment/presets.js';
import type { Recipe } from '../../../../../src/shared/recipe.js';
import type { EpochMetrics, RunSummary } from '../../../../../src/shared/reports.js';
import { makeFolder, removeFolder } from '../../../../support/images.js';
import { formulaWeights } from '../../../../support/networks.js';
import { type Change, fineTune, numbersOf, prepareRuns, recipeFor, training } from './run-setting.js';

const root = makeFolder('runs');
const data = join(root, 'data');
let runs = 0;

interface Trained {
  readonly run: string;
  readonly epochs: readonly EpochMetrics[];
  readonly summary: RunSummary;
  /** Live tensors at the end of each epoch. */
  readonly tensors: readonly number[];
}

const recipeOf = (...changes: readonly Change[]): Recipe => recipeFor(data, ...changes);

async function train(
  recipe: Recipe,
  onEpoch: (epoch: EpochMetrics) => void = () => undefined,
  control = createRunControl(),
) {
  const tf = await loadTensorFlow();
  const run = join(root, `run-${runs++}`);
  await createRunFolder(run, recipe);
  const epochs: EpochMetrics[] = [];
  const tensors: number[] = [];
  const emit: Emit = (name, event) => {
    if (name !== 'train.epoch') return;
    const epoch = event as unknown as EpochMetrics;
    epochs.push(epoch);
    tensors.push(tf.memory().numTensors);
    onEpoch(epoch);
  };
  const before = tf.memory().numTensors;
  try {
    const summary = await trainRun({ run, recipe, emit, control, checkpoint: null });
    return { run, epochs, summary, tensors } satisfies Trained;
  } finally {
    expect(tf.memory().numTensors, 'tensors left behind').toBe(before);
  }
}

const losses = ({ epochs }: Trained): number[] => epochs.map(({ train: { loss } }) => loss);
const numbers = ({ epochs }: Trained) => epochs.map(numbersOf);

describe('a run', () => {
  beforeAll(async () => {
    await prepareRuns(root, data, { train: 8, val: 5 });
  });
  afterAll(() => {
    delete process.env['GRAFT_HOME'];
    removeFolder(root);
  });

  it('trains a head on frozen features, and keeps what belongs to a run', async () => {
    const trained = await train(recipeOf(training({ learningRate: 0.3, epochs: 6 })));
    expect(losses(trained).at(-1)).toBeLessThan(losses(trained)[0]! * 0.7);
    expect(trained.summary).toMatchObject({ reason: 'completed', mode: 'freeze', epochs: 6, classes: ['a', 'b', 'c'] });
    expect(readdirSync(trained.run).sort()).toEqual(['metrics.ndjson', 'model', 'recipe.json', 'summary.json']);
    const { weights, network } = await readModel(trained.run);
    expect([...weights.keys()].sort()).toEqual(network.params.map(({ name }) => name).sort());
    expect(weights.has('classifier.weight')).toBe(false);
  });

  it('gives the same numbers when features come from disk, bit for bit', async () => {
    const recipe = recipeOf();
    const first = await train(recipe);
    expect(readdirSync(join(root, 'home', 'cache', 'features')).length).toBeGreaterThan(0);
    const second = await train(recipe);
    expect(numbers(second)).toEqual(numbers(first));
    removeFolder(join(root, 'home', 'cache', 'features'));
    expect(numbers(await train(recipe))).toEqual(numbers(first));
  });

  it.each([
    ['all stages, frozen statistics', fineTune({ stages: 'all', batchNorm: 'frozen' })],
    ['all stages, batch statistics', fineTune({ stages: 'all', batchNorm: 'batch' })],
    ['the last two stages', fineTune({ stages: 2 })],
  ])('fine-tunes %s: the loss falls, tensors stay flat, a second run is identical', async (_name, change) => {
    const recipe = recipeOf((base) => training({ learningRate: 0.02, epochs: 5 })(change(base)));
    const first = await train(recipe);
    expect(losses(first).at(-1)).toBeLessThan(losses(first)[0]!);
    // The best weights' copy comes with the first epoch; from then on nothing may grow.
    expect(new Set(first.tensors.slice(1)).size).toBe(1);
    expect(numbers(await train(recipe))).toEqual(numbers(first));
  });

  it('leaves frozen stages exactly as they were', async () => {
    const { run } = await train(recipeOf(fineTune({ stages: 1, batchNorm: 'batch' })));
    const { weights } = await readModel(run);
    const original = formulaWeights(getBackbone('test_tiny').build());
    const isSame = (name: string): boolean =>
      Buffer.from(weights.get(name)!.data.buffer).equals(Buffer.from(original.get(name)!.data.buffer));
    expect(['stem.conv.weight', 'block2.bn.running_mean', 'block2.se.fc1.weight'].map(isSame)).toEqual([
      true,
      true,
      true,
    ]);
    expect(['top.conv.weight', 'top.bn.weight', 'top.bn.running_mean'].map(isSame)).toEqual([false, false, false]);
  });

  it('trains shallow stages more slowly than deep ones', async () => {
    const start = formulaWeights(getBackbone('test_tiny').build());
    const moved = async (lrDecay: number): Promise<number> => {
      const change = (recipe: Recipe): Recipe => training({ epochs: 1 })(fineTune({ stages: 'all', lrDecay })(recipe));
      const { weights } = await readModel((await train(recipeOf(change))).run);
      const [now, then] = [weights, start].map((map) => map.get('stem.conv.weight')!.data) as [
        Float32Array,
        Float32Array,
      ];
      return now.reduce((sum, value, index) => sum + Math.abs(value - then[index]!), 0);
    };
    expect(await moved(0.1)).toBeLessThan((await moved(1)) * 0.05);
  });

  it('throws new dice every epoch, or returns to a view', async () => {
    const tutorial = (recipe: Recipe): Recipe => ({ ...recipe, augment: presetPolicy('tutorial') });
    const viewed = (views: number | null) => (recipe: Recipe) =>
      training({ views, epochs: 3, learningRate: 1e-12 })(tutorial(recipe));
    const fresh = losses(await train(recipeOf(viewed(null))));
    const two = losses(await train(recipeOf(viewed(2))));
    // With a head that does not move, the loss tells which pictures were shown.
    expect(new Set(fresh.map((loss) => loss.toFixed(6))).size).toBe(3);
    expect(two[0]).toBeCloseTo(fresh[0]!, 5);
    expect(two[2]).toBeCloseTo(two[0]!, 5);
    expect(two[1]).toBeCloseTo(fresh[1]!, 5);
  });

  it.each(['mixup', 'cutmix'] as const)('mixes batches with %s', async (kind) => {
    const mix = { kind, alpha: 0.4, p: 1 };
    const recipe = recipeOf((base) => ({ ...base, augment: parsePolicy({ steps: [], mix }) }));
    const plain = await train(recipeOf());
    expect(losses(await train(recipe))[0]).not.toBeCloseTo(losses(plain)[0]!, 3);
  });

  it('takes dropout, label smoothing, class weights, Adam and warm-up', async () => {
    const change = training({
      dropout: 0.2,
      labelSmoothing: 0.1,
      classWeights: 'balanced',
      optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
      schedule: { kind: 'one-cycle', peakAt: 0.3, startFactor: 0.04, endFactor: 0.0001 },
      warmupEpochs: 0.5,
    });
    const trained = await train(recipeOf(change));
    expect(losses(trained).at(-1)).toBeLessThan(losses(trained)[0]!);
  });

  it('stops early', async () => {
    const change = training({ epochs: 50, learningRate: 1e-12, earlyStopping: { patience: 2, minDelta: 0.001 } });
    const { summary } = await train(recipeOf(change));
    expect(summary).toMatchObject({ reason: 'early-stopping', epochs: 3 });
  });

  it('keeps the run when it is stopped, and has nothing to keep before the first epoch', async () => {
    for (const change of [training({}), fineTune({ stages: 'all' })]) {
      const control = createRunControl();
      const recipe = training({ epochs: 100 })(recipeOf(change));
      const stopped = await train(recipe, () => control.stop(), control);
      expect(stopped.summary).toMatchObject({ reason: 'stopped', epochs: 1 });
    }
    const early = createRunControl();
    early.stop();
    await expect(train(recipeOf(), undefined, early)).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('says so when the loss is no number, and keeps the best weights until then', async () => {
    const change = (recipe: Recipe): Recipe =>
      training({ epochs: 20, learningRate: 1e18, schedule: { kind: 'constant' }, warmupEpochs: 19 })(
        fineTune({ stages: 'all' })(recipe),
      );
    const error = await train(recipeOf(change)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'diverged' });
    expect((error as Error).message).toContain('learning rate');
    expect(existsSync(join(root, `run-${runs - 1}`, 'model'))).toBe((error as Error).message.includes('are kept'));
  });

  it.each([
    ['unknown-backbone', (recipe: Recipe) => ({ ...recipe, backbone: { id: 'lenet', weightsFile: null } })],
    ['weights-missing', (recipe: Recipe) => ({ ...recipe, backbone: { id: 'resnet18', weightsFile: null } })],
    ['not-found', (recipe: Recipe) => ({ ...recipe, data: { ...recipe.data, path: join(root, 'nowhere') } })],
    ['invalid-value', fineTune({ stages: 9 })],
  ])('fails with %s and leaves no tensors behind', async (code, change) => {
    await expect(train(recipeOf(change))).rejects.toMatchObject({ code });
  });

  it('writes one line an epoch', async () => {
    const { run, epochs } = await train(recipeOf());
    const lines = readFileSync(join(run, 'metrics.ndjson'), 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
      epochs.map(({ ...line }) => ({ ...line, run: undefined })).map(({ run: _run, ...line }) => line),
    );
  });
});
