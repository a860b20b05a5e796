import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { describe, expect, it } from 'vitest';
import { createCompiledTrainer } from '../../../../../src/main/engine/compiled/train-session.js';
import { loadTensorFlow } from '../../../../../src/main/engine/tf.js';
import type { FitState } from '../../../../../src/main/engine/train/fit.js';
import type { TrainingModel } from '../../../../../src/main/engine/train/model.js';
import { createProfile } from '../../../../../src/main/engine/train/profile.js';
import { createEagerTrainer, type Trainer } from '../../../../../src/main/engine/train/trainer.js';
import { CLASSES, graphOptions, settingFrom } from '../compiled/train-setting.js';

const setting = settingFrom(0);
const plain = { kind: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 } as const;

describe.each(['eager', 'compiled'] as const)('gradients alone, %s', (runner) => {
  it('are those of a step, and change nothing', async () => {
    const tf = await loadTensorFlow();
    const asked = { ...graphOptions(setting, plain, 'frozen', false), hasGradients: true };
    // At a rate of 1 the update is the gradient.
    const options = { ...asked, groups: asked.groups.map((group) => ({ ...group, lrScale: 1 })) };
    const trainer =
      runner === 'eager'
        ? createEagerTrainer(tf, options, setting.weights)
        : await createCompiledTrainer(tf, options, setting.weights);
    const cut = tf.randomUniform([4, ...setting.inputShape], 0, 255, 'float32', 1);
    const targets = tf.tensor2d(Array.from({ length: 4 * CLASSES }, (_, i) => (i % CLASSES === 0 ? 0.25 : 0)), [4, CLASSES]); // prettier-ignore
    const before = await trainer.readWeights();
    const norm = trainer.gradients!(cut, targets, null);
    const [half] = norm.dataSync();
    expect((await trainer.readWeights()).get('head.weight')!.data).toEqual(before.get('head.weight')!.data);
    trainer.step(cut, targets, 1, null).dispose();
    const after = await trainer.readWeights();
    let squares = 0;
    for (const [name, { data }] of before) {
      const now = after.get(name)!.data;
      data.forEach((value, i) => (squares += (value - now[i]!) ** 2));
    }
    expect(squares).toBeGreaterThan(0);
    expect(Math.abs(half! * 2 - squares) / squares).toBeLessThan(1e-3);
    trainer.dispose();
    tf.dispose([cut, targets, norm]);
  });

  it('are not there unless they are asked for', async () => {
    const tf = await loadTensorFlow();
    const options = graphOptions(setting, plain, 'frozen', false);
    const trainer: Pick<Trainer, 'gradients' | 'dispose'> =
      runner === 'eager'
        ? createEagerTrainer(tf, options, setting.weights)
        : await createCompiledTrainer(tf, options, setting.weights);
    expect(trainer.gradients).toBeNull();
    trainer.dispose();
  });
});

describe('a profile', () => {
  it('counts what an epoch spends from its beginning to its last batch', async () => {
    const tf = await loadTensorFlow();
    const options = { ...graphOptions(setting, plain, 'frozen', false), hasGradients: true };
    const trainer = createEagerTrainer(tf, options, setting.weights);
    const source = { waitedMs: 500, times: { decodeMs: 100, augmentMs: 100 } };
    const profile = createProfile(source);
    const model = profile.watch({
      freeze: (pixels: Tensor) => pixels.clone(),
      trainer,
    } as Partial<TrainingModel> as TrainingModel);
    profile.begin();
    const tensorsBefore = tf.memory().numTensors;
    const cut = model.freeze(tf.zeros([2, ...setting.inputShape]), 'train');
    const targets = tf.tensor2d([0.5, 0, 0, 0, 0.5, 0], [2, CLASSES]);
    model.trainer.step(cut, targets, 0.1, null).dispose();
    Object.assign(source, { waitedMs: 1500, times: { decodeMs: 300, augmentMs: 600 } });
    const logs = { loss: 1, hits: 1, count: 2, lr: 0.1, running: { loss: 1, accuracy: 0.5 }, images: 2, seconds: 4 };
    await profile.callback.onBatchEnd!({} as FitState, logs, { ended: null, stop: () => undefined });
    // After the last batch validation begins; that is no part of it.
    source.waitedMs = 9000;
    const { steps, images, seconds } = profile.read();
    expect({ steps, images, epoch: seconds.epoch, wait: seconds.wait }).toEqual({
      steps: 1,
      images: 2,
      epoch: 4,
      wait: 1,
    });
    expect(seconds.decode).toBeCloseTo(0.2, 10);
    expect(seconds.augment).toBeCloseTo(0.5, 10);
    expect(seconds.forward + seconds.backward + seconds.update).toBeGreaterThan(0);
    expect(seconds.probing).toBeGreaterThan(0);
    expect(seconds.frozen).toBeGreaterThan(0);
    // The input of `freeze`, its clone and the targets.
    expect(tf.memory().numTensors - tensorsBefore).toBe(3);
    profile.begin();
    expect(profile.read()).toMatchObject({ steps: 0, images: 0, seconds: { epoch: 0, wait: 0, forward: 0 } });
    trainer.dispose();
  });
});
