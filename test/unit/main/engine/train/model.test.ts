import type { Tensor2D } from '@tensorflow/tfjs-node-gpu';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { testTiny } from '../../../../../src/main/engine/backbones/test-tiny.js';
import type { ProbeTask } from '../../../../../src/main/engine/compiled/frozen-network.js';
import type { RunnerChoice } from '../../../../../src/main/engine/compiled/runner.js';
import { uploadBytes } from '../../../../../src/main/engine/graph/pixels.js';
import { loadTensorFlow } from '../../../../../src/main/engine/tf.js';
import {
  createTrainingModel,
  type FeaturePurpose,
  type Runners,
  type TrainingModel,
} from '../../../../../src/main/engine/train/model.js';
import type { Progress } from '../../../../../src/shared/progress.js';
import { formulaWeights, relativeError } from '../../../../support/networks.js';
import { fineTune, recipeFor } from './run-setting.js';

const remembered = new Map<ProbeTask, RunnerChoice>();
const probed: ProbeTask[] = [];
vi.mock('../../../../../src/main/engine/compiled/frozen-network.js', async (original) => ({
  ...(await original<object>()),
  rememberedRunner: async (_tf: unknown, _id: string, task: ProbeTask) => remembered.get(task) ?? null,
  chooseRunner: async (_tf: unknown, _id: string, task: ProbeTask): Promise<RunnerChoice> => {
    probed.push(task);
    return { runner: 'eager', reason: 'probed' };
  },
}));

async function open(runners: Runners | null = null) {
  const progress: Progress[] = [];
  const tf = await loadTensorFlow();
  const before = tf.memory().numTensors;
  const weights = formulaWeights(testTiny.build());
  const recipe = recipeFor('/data', fineTune({ stages: 2, batchNorm: 'frozen' }));
  const onProgress = (one: Progress): void => void progress.push(one);
  const model = await createTrainingModel(tf, testTiny, weights, 3, recipe, { runners, onProgress });
  const { runners: chosen, frozenWeights, frozenFingerprints } = model;
  model.dispose();
  expect(tf.memory().numTensors).toBe(before);
  return { progress, chosen, frozenWeights, frozenFingerprint: frozenFingerprints.report };
}

describe('createTrainingModel', () => {
  beforeEach(() => {
    remembered.clear();
    probed.length = 0;
  });

  it('tells while it finds out how to run, which takes a while', async () => {
    const { progress, chosen } = await open();
    expect(probed).toEqual(['frozen', 'step-frozen']);
    const step = { task: 'probe', total: 1, unit: 'steps', label: 'Test net' };
    expect(progress).toEqual([0, 1, 0, 1].map((done) => ({ ...step, done })));
    expect(chosen.step).toEqual({ runner: 'eager', reason: 'probed' });
  });

  it('says nothing where it remembers', async () => {
    const choice = { runner: 'eager', reason: 'known' } as const;
    for (const task of ['frozen', 'step-frozen'] as const) remembered.set(task, choice);
    const { progress, chosen } = await open();
    expect({ progress, chosen, probed }).toEqual({
      progress: [],
      chosen: { frozen: choice, features: choice, step: choice },
      probed: [],
    });
  });

  it('runs on as an earlier part of the run did, and knows the same weights however they run', async () => {
    const kept = (runner: RunnerChoice['runner']): Runners => {
      const choice = { runner, reason: 'as before' };
      return { frozen: choice, step: choice };
    };
    const eager = await open(kept('eager'));
    const compiled = await open(kept('compiled'));
    expect(compiled.chosen).toEqual(kept('compiled'));
    expect([...eager.progress, ...compiled.progress, ...probed]).toEqual([]);
    expect(compiled.frozenWeights).toBe(eager.frozenWeights);
    expect(compiled.frozenFingerprint).not.toBe(eager.frozenFingerprint);
  });

  it('computes in bfloat16 what a head learns from, where that was chosen, and never what is reported', async () => {
    const tf = await loadTensorFlow();
    const before = tf.memory().numTensors;
    const weights = formulaWeights(testTiny.build());
    const recipe = recipeFor('/data');
    const open = async (features: RunnerChoice['runner']) => {
      const [frozen, step] = ['compiled', 'eager'].map((runner) => ({ runner, reason: 'the test says so' }));
      const runners = { frozen, features: { runner: features, reason: 'the test says so' }, step } as Runners;
      return await createTrainingModel(tf, testTiny, weights, 3, recipe, { runners, onProgress: () => undefined });
    };
    const [exact, fast] = [await open('compiled'), await open('bfloat16')];
    expect(exact.frozenFingerprints.train).toBe(exact.frozenFingerprints.report);
    expect(fast.frozenFingerprints.report).toBe(exact.frozenFingerprints.report);
    expect(fast.frozenFingerprints.train).not.toBe(exact.frozenFingerprints.train);
    const pixels = uploadBytes(
      tf,
      Uint8Array.from({ length: 2 * 32 * 32 * 3 }, (_, i) => (i * 37) % 256),
      2,
      32,
    );
    const read = ({ freeze }: TrainingModel, purpose: FeaturePurpose) => {
      const features = freeze(pixels, purpose);
      const values = features.dataSync<'float32'>() as Float32Array;
      features.dispose();
      return values;
    };
    const reference = read(exact, 'report');
    expect(read(exact, 'train')).toEqual(reference);
    expect(read(fast, 'report')).toEqual(reference);
    const rounded = read(fast, 'train');
    expect(relativeError(rounded, reference)).toBeGreaterThan(1e-5);
    expect(relativeError(rounded, reference)).toBeLessThan(0.03);
    for (const one of [exact, fast]) one.dispose();
    pixels.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    ['compiled', 'compiled'],
    ['eager', 'eager'],
  ] as const)('runs a head that trains alone as the frozen part: %s', async (frozen, step) => {
    remembered.set('frozen', { runner: frozen, reason: 'known' });
    remembered.set('frozen-bfloat16', { runner: frozen, reason: 'known' });
    const tf = await loadTensorFlow();
    const weights = formulaWeights(testTiny.build());
    const options = { runners: null, onProgress: () => undefined };
    const model = await createTrainingModel(tf, testTiny, weights, 3, recipeFor('/data'), options);
    expect(model.runners.step.runner).toBe(step);
    model.dispose();
  });

  it('trains a head alone the same, compiled and not', async () => {
    const tf = await loadTensorFlow();
    const weights = formulaWeights(testTiny.build());
    const frozen = { runner: 'eager', reason: 'the test says so' } as const;
    const train = async (runner: 'eager' | 'compiled'): Promise<number[]> => {
      const runners = { frozen, step: { runner, reason: 'the test says so' } };
      const recipe = recipeFor('/data');
      const model = await createTrainingModel(tf, testTiny, weights, 3, recipe, {
        runners,
        onProgress: () => undefined,
      });
      const features = tf.randomUniform([5, testTiny.featureSize], 0, 2, 'float32', 7);
      const targets = tf.oneHot(tf.tensor1d([0, 1, 2, 1, 0], 'int32'), 3).div(5) as Tensor2D;
      const mask = recipe.training.dropout > 0 ? (tf.onesLike(features) as Tensor2D) : null;
      const scores: number[] = [];
      for (let step = 0; step < 20; step++) {
        const logits = model.trainer.step(features, targets, 0.05, mask);
        scores.push(...logits.dataSync());
        logits.dispose();
      }
      const inferred = model.trainer.infer(features);
      scores.push(...inferred.dataSync());
      inferred.dispose();
      model.dispose();
      return scores;
    };
    const [eager, compiled] = [await train('eager'), await train('compiled')];
    expect(relativeError(Float32Array.from(compiled), Float32Array.from(eager))).toBeLessThan(1e-5);
    expect(compiled.slice(0, 3)).not.toEqual(compiled.slice(-3));
  });
});
