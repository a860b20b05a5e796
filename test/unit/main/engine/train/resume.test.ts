import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunnerChoice } from '../../../../../src/main/engine/compiled/runner.js';
import { createRunFolder } from '../../../../../src/main/engine/runs/run-folder.js';
import { hasCheckpoint } from '../../../../../src/main/engine/runs/checkpoint.js';
import { loadTensorFlow } from '../../../../../src/main/engine/tf.js';
import { createRunControl, type RunControl } from '../../../../../src/main/engine/train/control.js';
import { openInterrupted } from '../../../../../src/main/engine/train/resume.js';
import { type Emit, trainRun } from '../../../../../src/main/engine/train/run.js';
import { parsePolicy } from '../../../../../src/shared/augment/policy.js';
import { presetPolicy } from '../../../../../src/shared/augment/presets.js';
import { DEFAULT_OPTIMIZERS, type Recipe } from '../../../../../src/shared/recipe.js';
import type { RunSummary } from '../../../../../src/shared/reports.js';
import { makeFolder, putFile, removeFolder } from '../../../../support/images.js';
import { type Change, fineTune, prepareRuns, recipeFor, resultOf, training } from './run-setting.js';

/** What the machine is said to run faster. */
let runner: RunnerChoice['runner'] = 'eager';
vi.mock('../../../../../src/main/engine/compiled/frozen-network.js', async (original) => ({
  ...(await original<object>()),
  rememberedRunner: async (): Promise<RunnerChoice> => ({ runner, reason: 'the test says so' }),
}));

const root = makeFolder('resume');
const data = join(root, 'data');
let runs = 0;
const newRun = (): string => join(root, `run-${runs++}`);

beforeAll(async () => {
  await prepareRuns(root, data, { train: 7, val: 4 });
});
afterAll(() => {
  delete process.env['GRAFT_HOME'];
  removeFolder(root);
});

async function begin(recipe: Recipe, control: RunControl, emit: Emit = () => undefined): Promise<string> {
  const run = newRun();
  await createRunFolder(run, recipe);
  await trainRun({ run, recipe, emit, control, checkpoint: null }).catch(onlyDeath);
  return run;
}

async function goOn(run: string, control = createRunControl(), emit: Emit = () => undefined): Promise<void> {
  const { recipe, checkpoint } = await openInterrupted(run);
  await trainRun({ run, recipe, emit, control, checkpoint }).catch(onlyDeath);
}

const DEATH = 'the process dies';
function onlyDeath(error: unknown): void {
  if (!(error instanceof Error) || error.message !== DEATH) throw error;
}

/** Fails the run where it would be held the nth time: before each epoch and after each batch, counted from 0. */
function dyingAt(turn: number): RunControl {
  const control = createRunControl();
  let turns = 0;
  return {
    ...control,
    get isPaused() {
      return turns === turn;
    },
    async held() {
      if (turns++ === turn) throw new Error(DEATH);
    },
  };
}

const summaryOf = (run: string) => JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')) as RunSummary;
const isEnded = (run: string): boolean => readdirSync(run).includes('summary.json');

const adamw: Change = training({ optimizer: { ...DEFAULT_OPTIMIZERS.adamw, epsilon: 1e-4 }, learningRate: 0.01 });
const augmented: Change = (recipe) => ({
  ...recipe,
  augment: parsePolicy({ ...presetPolicy('tutorial'), mix: { kind: 'mixup', alpha: 0.4, p: 0.5 } }),
});
const views: Change = (recipe) => training({ views: 2 })({ ...recipe, augment: presetPolicy('light') });

const CASES: readonly (readonly [string, RunnerChoice['runner'], readonly Change[]])[] = [
  ['a head on kept features', 'eager', [training({ optimizer: { ...DEFAULT_OPTIMIZERS.sgd, nesterov: true } })]],
  ['a head on two views, early stopping', 'compiled', [views, training({ earlyStopping: { patience: 1, minDelta: 0.1 } })]],
  ['a head on fresh views, mixed, with dropout', 'eager', [augmented, adamw, training({ dropout: 0.3 })]],
  ['eager fine-tuning, batch statistics', 'eager', [fineTune({ stages: 'all', batchNorm: 'batch' }), augmented, adamw]],
  ['compiled fine-tuning, batch statistics', 'compiled', [fineTune({ batchNorm: 'batch' }), adamw, training({ dropout: 0.2, epochs: 2 })]],
  ['compiled fine-tuning of two stages', 'compiled', [fineTune({ stages: 2 }), training({ epochs: 2 })]],
]; // prettier-ignore

describe.each(CASES)('%s', (_name, how, changes) => {
  const recipe = recipeFor(data, training({ epochs: 3 }), ...changes);

  it('dies after every step and gives the numbers of a run that never did', async () => {
    runner = how;
    const { memory } = await loadTensorFlow();
    const tensors = memory().numTensors;
    const whole = await begin(recipe, createRunControl());
    const run = await begin(recipe, dyingAt(1));
    const { runners } = (await openInterrupted(run)).checkpoint.state;
    expect(runners[recipe.mode === 'freeze' ? 'frozen' : 'step'].runner).toBe(how);
    let lives = 1;
    for (; !isEnded(run); lives++) {
      // Another way would be faster by now; the run keeps to its own.
      runner = how === 'eager' ? 'compiled' : 'eager';
      await goOn(run, dyingAt(1));
      expect(memory().numTensors).toBe(tensors);
    }
    expect(lives).toBeGreaterThan(6);
    expect(resultOf(run)).toEqual(resultOf(whole));
    expect(summaryOf(run).resumed).toBe(lives - 1);
    expect(summaryOf(whole).resumed).toBe(0);
    expect(readdirSync(run).sort()).toEqual(readdirSync(whole).sort());
  });
});

describe('an interrupted run', () => {
  const recipe = recipeFor(data, training({ epochs: 5 }));
  let whole = '';
  let interrupted = '';
  beforeAll(async () => {
    runner = 'eager';
    whole = await begin(recipe, createRunControl());
    // Turns are 1 before an epoch and 3 in it: dies in the middle of the fourth.
    interrupted = await begin(recipe, dyingAt(14));
  });
  const copyOf = (run: string): string => {
    const copy = newRun();
    cpSync(run, copy, { recursive: true });
    return copy;
  };
  const checkpointsOf = (run: string): string[] => readdirSync(join(run, 'checkpoint')).sort();
  const codeOf = async (run: string): Promise<unknown> =>
    await goOn(run).then(
      () => 'went on',
      (error: unknown) => (error as { code?: string }).code,
    );

  it('keeps its last two checkpoints, and says how many epochs it has behind it', async () => {
    expect(checkpointsOf(interrupted)).toHaveLength(2);
    const run = copyOf(interrupted);
    const started: unknown[] = [];
    await goOn(run, createRunControl(), (name, event) => void (name === 'train.started' && started.push(event)));
    expect(started).toMatchObject([{ epochsDone: 3, steps: 15 }]);
    expect(resultOf(run)).toEqual(resultOf(whole));
    expect(await codeOf(run)).toBe('conflict');
  });

  it('cuts off torn and surplus lines of its metrics', async () => {
    const run = copyOf(interrupted);
    const [line] = readFileSync(join(whole, 'metrics.ndjson'), 'utf8').split('\n');
    appendFileSync(join(run, 'metrics.ndjson'), `${line}\n{"epoch":9,"epo`);
    await goOn(run);
    expect(resultOf(run)).toEqual(resultOf(whole));
  });

  it.each([
    ['a flipped bit', (file: string) => {
      const bytes = readFileSync(file);
      bytes[bytes.length - 3]! ^= 1;
      writeFileSync(file, bytes);
    }],
    ['a missing file', removeFolder],
    ['a file cut off', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 40))],
  ])('falls back to the checkpoint before one with %s', async (_what, spoil) => {
    for (const file of ['weights.safetensors', 'slots.safetensors', 'best.safetensors', 'state.json', 'manifest.json']) {
      const run = copyOf(interrupted);
      spoil(join(run, 'checkpoint', checkpointsOf(run).at(-1)!, file));
      putFile(join(run, 'checkpoint', '.tmp-left-behind', 'weights.safetensors'), 'half');
      const { checkpoint } = await openInterrupted(run);
      // The last was written in mid-epoch, the one before after an epoch.
      expect(checkpoint.state.position).toMatchObject({ batches: 0 });
      expect(checkpointsOf(run)).not.toContain('.tmp-left-behind');
    }
    const run = copyOf(interrupted);
    spoil(join(run, 'checkpoint', checkpointsOf(run).at(-1)!, 'weights.safetensors'));
    await goOn(run);
    expect(resultOf(run)).toEqual(resultOf(whole));
  }); // prettier-ignore

  it('keeps the one that it fell back to beside the next, so that the next may be damaged, too', async () => {
    const run = copyOf(interrupted);
    const spoilLatest = (): void =>
      putFile(join(run, 'checkpoint', checkpointsOf(run).at(-1)!, 'weights.safetensors'), 'damaged');
    spoilLatest();
    const fallback = checkpointsOf(run)[0]!;
    // Not before the run does go on: what forbids that may be put right, and the damage with it.
    await openInterrupted(run);
    expect(checkpointsOf(run)).toHaveLength(2);
    await goOn(run, dyingAt(1));
    expect(checkpointsOf(run)).toEqual([fallback, expect.any(String)]);
    spoilLatest();
    await goOn(run);
    expect(resultOf(run)).toEqual(resultOf(whole));
  });

  it('says so when no checkpoint is whole, or there is none', async () => {
    const run = copyOf(interrupted);
    for (const name of checkpointsOf(run)) putFile(join(run, 'checkpoint', name, 'state.json'), '{}');
    expect(await codeOf(run)).toBe('unreadable-file');
    expect(await hasCheckpoint(run)).toBe(false);
    removeFolder(join(run, 'checkpoint'));
    expect(await codeOf(run)).toBe('not-found');
    expect(await codeOf(join(root, 'nowhere'))).toBe('not-found');
  });

  it('needs the metrics of its epochs', async () => {
    const run = copyOf(interrupted);
    const lines = readFileSync(join(run, 'metrics.ndjson'), 'utf8').split('\n');
    writeFileSync(join(run, 'metrics.ndjson'), lines.slice(1).join('\n'));
    expect(await codeOf(run)).toBe('unreadable-file');
  });

  it('does not go on with another recipe', async () => {
    const run = copyOf(interrupted);
    const other = training({ epochs: 6 })(recipe);
    writeFileSync(join(run, 'recipe.json'), JSON.stringify(other));
    expect(await codeOf(run)).toBe('conflict');
    // Only what it says counts.
    const { version, ...rest } = recipe;
    writeFileSync(join(run, 'recipe.json'), JSON.stringify({ ...rest, version }));
    expect(await codeOf(run)).toBe('went on');
  });

  it.each([
    ['Graft', 'graft', /expected Graft 9\.9\.9, by which .* was begun, but this is/],
    ['TensorFlow', 'tensorflow', /expected TensorFlow 9\.9\.9/],
    ['weights', 'frozenWeights', /backbone's weights/],
    ['pictures', 'datasetFingerprint', /expected the pictures that .* was begun with/],
  ])('does not go on with other %s', async (_what, field, message) => {
    const run = copyOf(interrupted);
    for (const name of checkpointsOf(run)) {
      const [stateFile, manifestFile] = ['state.json', 'manifest.json'].map((file) =>
        join(run, 'checkpoint', name, file),
      );
      const state = { ...(JSON.parse(readFileSync(stateFile!, 'utf8')) as object), [field]: '9.9.9' };
      const bytes = Buffer.from(JSON.stringify(state));
      const manifest = JSON.parse(readFileSync(manifestFile!, 'utf8')) as { files: Record<string, object> };
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      manifest.files['state.json'] = { sha256, sizeBytes: bytes.length };
      writeFileSync(stateFile!, bytes);
      writeFileSync(manifestFile!, JSON.stringify(manifest));
    }
    const error: unknown = await goOn(run).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'conflict' });
    expect((error as Error).message).toMatch(message);
  });

  it('goes on after it was stopped, as if it had not been', async () => {
    const control = createRunControl();
    const stopInEpoch2: Emit = (name, event) => {
      if (name === 'train.epoch' && (event as { epoch: number }).epoch === 1) isSecond = true;
    };
    let isSecond = false;
    let turns = 0;
    const held = async (): Promise<void> => {
      if (isSecond && ++turns === 2) control.stop();
    };
    const run = await begin(recipe, { ...control, held }, stopInEpoch2);
    expect(summaryOf(run)).toMatchObject({ reason: 'stopped', resumed: 0, epochs: 2 });
    // In mid-epoch: the second line is of the first batch alone.
    expect(resultOf(run).metrics[1]).not.toEqual(resultOf(whole).metrics[1]);
    expect(checkpointsOf(run)).toHaveLength(1);
    await goOn(run);
    expect(resultOf(run)).toEqual(resultOf(whole));
  });
});
