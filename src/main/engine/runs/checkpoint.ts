import { createHash } from 'node:crypto';
import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { GraftError } from '../../../shared/errors.js';
import type { EpochMetrics } from '../../../shared/reports.js';
import { encodeSafetensorsHeader, encodeSafetensorsValues, readSafetensors } from '../backbones/safetensors.js';
import { renameWithRetry } from '../../common/rename.js';
import { runnerSchema } from '../compiled/runner.js';
import { collectGarbage } from '../garbage.js';
import { explainWriteError, makeTemporaryFolder, sha256OfFile } from '../files.js';
import type { WeightMap } from '../graph/types.js';
import { lossAndAccuracySchema, readMetrics, syncMetrics } from './metrics-log.js';

const KEPT = 2;
/** Copies of tensors that may wait for their end while a checkpoint is written. */
const MAX_WAITING_BYTES = 32_000_000;
const MANIFEST = 'manifest.json';
const STATE = 'state.json';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const stateSchema = v.strictObject({
  /** Where the loop goes on. */
  position: v.strictObject({
    epochsDone: count,
    batches: count,
    images: count,
    lossSum: v.number(),
    hits: count,
    seconds: v.number(),
  }),
  /** The best epoch so far, whose weights are kept; null before the first has ended. */
  best: v.nullable(v.strictObject({ epoch: count, val: lossAndAccuracySchema })),
  earlyStopping: v.nullable(v.strictObject({ best: v.nullable(v.number()), waited: count })),
  /** Steps that the optimizer has done. */
  iteration: count,
  /** Length of `metrics.ndjson` up to here. */
  metricsBytes: count,
  /** Time that the run has taken. */
  seconds: v.strictObject({ prepare: v.number(), total: v.number() }),
  peakMemoryBytes: count,
  startedAt: v.string(),
  /** How often the run has gone on from a checkpoint. */
  resumed: count,
  /** What the numbers depend on: a run goes on only where they are the same. */
  recipeHash: v.string(),
  datasetFingerprint: v.string(),
  /** Of the frozen part's weights. */
  frozenWeights: v.string(),
  graft: v.string(),
  tensorflow: v.string(),
  /** How the model runs, and the machine that it was chosen for. */
  runners: v.strictObject({ frozen: runnerSchema, features: v.optional(runnerSchema), step: runnerSchema }),
  machine: v.string(),
});

const manifestSchema = v.strictObject({
  format: v.literal('graft-checkpoint'),
  version: v.literal(1),
  files: v.record(v.string(), v.strictObject({ sha256: v.string(), sizeBytes: count })),
});

/** Everything of a training run but its tensors. */
export type CheckpointState = v.InferOutput<typeof stateSchema>;

/** Tensors of a checkpoint, in TensorFlow's layout. */
export interface CheckpointTensors {
  /** What trains, and running statistics. */
  readonly weights: WeightMap;
  /** The optimizer's slots. */
  readonly slots: WeightMap;
  /** The best epoch's weights; null before the first has ended. */
  readonly best: WeightMap | null;
}

/** A run as it stood after a step. */
export interface Checkpoint {
  readonly state: CheckpointState;
  /** The epochs up to here. */
  readonly epochs: readonly EpochMetrics[];
  /** Reads the tensors, which are not held meanwhile. */
  readTensors(): Promise<CheckpointTensors>;
  /**
   * Removes later checkpoints, none of which was as it was written: one of them would count as the other of the two that are
   * kept. For when the run does go on from this one.
   */
  dropLater(): Promise<void>;
}

const parentOf = (run: string): string => join(run, 'checkpoint');

/** Names of a run's checkpoints, the latest first. */
async function listCheckpoints(run: string): Promise<string[]> {
  const names = await readdir(parentOf(run)).catch(() => []);
  return names
    .filter((name) => /^\d{8}$/.test(name))
    .sort()
    .reverse();
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder);
  // Some network file systems refuse to sync a folder.
  await handle.sync().catch(() => undefined);
  await handle.close();
}

/** What another program holds stays until the next time: it costs room, and no run fails over it. */
async function removeOld(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined);
}

/** A tensor whose values are read when they are written. */
export interface StoredTensor {
  readonly shape: readonly number[];
  read(): Float32Array;
}

/** Tensors of one file, by name. */
export type StoredTensors = ReadonlyMap<string, StoredTensor>;

/** The parts of a safetensors file, one tensor after the other. */
function* encodeStored(tensors: StoredTensors): Generator<Uint8Array> {
  yield encodeSafetensorsHeader(tensors, { graft: 'checkpoint' });
  let waitingBytes = 0;
  for (const { read } of tensors.values()) {
    const values = encodeSafetensorsValues(read());
    waitingBytes += values.length;
    yield values;
    if (waitingBytes < MAX_WAITING_BYTES) continue;
    collectGarbage();
    waitingBytes = 0;
  }
}

/**
 * Adds a checkpoint to a run and drops all but the last two. It is there whole or not at all: everything is written and
 * synced under a temporary name, hashes last, then renamed.
 *
 * @param tensors each is read when it is its turn, so that one is held at a time
 * @throws GraftError `disk-full`; the checkpoints before stay
 */
export async function writeCheckpoint(
  run: string,
  state: Omit<CheckpointState, 'metricsBytes'>,
  tensors: { readonly weights: StoredTensors; readonly slots: StoredTensors; readonly best: StoredTensors | null },
): Promise<void> {
  const parent = parentOf(run);
  // What the checkpoint says of the metrics must be on the disk before it.
  const metricsBytes = await syncMetrics(run);
  const existing = await listCheckpoints(run);
  const name = String(Number(existing[0] ?? 0) + 1).padStart(8, '0');
  let folder: string | null = null;
  try {
    folder = await makeTemporaryFolder(parent);
    const files: v.InferOutput<typeof manifestSchema>['files'] = {};
    const write = async (file: string, parts: Iterable<Uint8Array>): Promise<void> => {
      const handle = await open(join(folder!, file), 'wx');
      const hash = createHash('sha256');
      let sizeBytes = 0;
      try {
        for (const part of parts) {
          await handle.appendFile(part);
          hash.update(part);
          sizeBytes += part.length;
        }
        await handle.sync();
      } finally {
        await handle.close();
      }
      files[file] = { sha256: hash.digest('hex'), sizeBytes };
    };
    const writeJson = (file: string, value: unknown) =>
      write(file, [Buffer.from(`${JSON.stringify(value, null, 2)}\n`)]);
    for (const part of ['weights', 'slots', 'best'] as const) {
      const stored = tensors[part];
      if (stored !== null) await write(`${part}.safetensors`, encodeStored(stored));
    }
    await writeJson(STATE, { ...state, metricsBytes } satisfies CheckpointState);
    await writeJson(MANIFEST, { format: 'graft-checkpoint', version: 1, files: { ...files } });
    await syncFolder(folder);
    await renameWithRetry(folder, join(parent, name));
    await syncFolder(parent);
  } catch (error) {
    if (folder !== null) await rm(folder, { recursive: true, force: true });
    throw explainWriteError(error, parent);
  }
  for (const old of existing.slice(KEPT - 1)) await removeOld(join(parent, old));
}

async function readManifest(folder: string): Promise<v.InferOutput<typeof manifestSchema> | null> {
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8'));
    return v.is(manifestSchema, value) ? value : null;
  } catch {
    return null;
  }
}

async function readTensors(folder: string, hasBest: boolean): Promise<CheckpointTensors> {
  const read = async (part: keyof CheckpointTensors) =>
    readSafetensors(await readFile(join(folder, `${part}.safetensors`)));
  return { weights: await read('weights'), slots: await read('slots'), best: hasBest ? await read('best') : null };
}

/** Opens a checkpoint that is as it was written, down to the last bit; null for any other. */
async function openVerified(run: string, name: string): Promise<Omit<Checkpoint, 'dropLater'> | null> {
  const folder = join(parentOf(run), name);
  const manifest = await readManifest(folder);
  if (manifest === null) return null;
  for (const [file, { sha256 }] of Object.entries(manifest.files)) {
    if ((await sha256OfFile(join(folder, file)).catch(() => null)) !== sha256) return null;
  }
  const parsed = Object.hasOwn(manifest.files, STATE) ? await readFile(join(folder, STATE), 'utf8') : 'null';
  const { success, output: state } = v.safeParse(stateSchema, JSON.parse(parsed));
  if (!success) return null;
  const epochs = await readMetrics(run, state.metricsBytes);
  const hasMetrics = epochs.length === state.position.epochsDone && epochs.every(({ epoch }, at) => epoch === at + 1);
  return hasMetrics ? { state, epochs, readTensors: () => readTensors(folder, state.best !== null) } : null;
}

/**
 * Reads a run's latest checkpoint that is as it was written, and removes what a crash has left of others. For whoever owns
 * the run.
 *
 * @throws GraftError `not-found` when there is none, `unreadable-file` when none is as it was written
 */
export async function openCheckpoint(run: string): Promise<Checkpoint> {
  const parent = parentOf(run);
  for (const name of await readdir(parent).catch(() => [])) {
    if (name.startsWith('.tmp-')) await rm(join(parent, name), { recursive: true, force: true });
  }
  const names = await listCheckpoints(run);
  for (const [index, name] of names.entries()) {
    const checkpoint = await openVerified(run, name);
    if (checkpoint === null) continue;
    const dropLater = async (): Promise<void> => {
      for (const later of names.slice(0, index)) await removeOld(join(parent, later));
    };
    return { ...checkpoint, dropLater };
  }
  if (names.length === 0) {
    throw new GraftError(
      'not-found',
      `expected a checkpoint in ${parent}, found none: the run ended before its first. Start it again with its recipe, ${join(run, 'recipe.json')}`,
    );
  }
  throw new GraftError(
    'unreadable-file',
    `expected a checkpoint in ${parent} as it was written, but ${names.join(' and ')} have changed or are incomplete: start the run again with its recipe, ${join(run, 'recipe.json')}`,
  );
}

/** Whether a run has a checkpoint that is whole by its files' sizes; {@link openCheckpoint} looks at every byte. */
export async function hasCheckpoint(run: string): Promise<boolean> {
  for (const name of await listCheckpoints(run)) {
    const folder = join(parentOf(run), name);
    const manifest = await readManifest(folder);
    if (manifest === null) continue;
    const checks = Object.entries(manifest.files).map(async ([file, { sizeBytes }]) => {
      const facts = await stat(join(folder, file)).catch(() => null);
      return facts?.size === sizeBytes;
    });
    if ((await Promise.all(checks)).every(Boolean)) return true;
  }
  return false;
}

/** Removes a run's checkpoints: all of them, or all but the latest. */
export async function removeCheckpoints(run: string, keep: 'none' | 'latest'): Promise<void> {
  if (keep === 'none') {
    await removeOld(parentOf(run));
    return;
  }
  for (const name of (await listCheckpoints(run)).slice(1)) {
    await removeOld(join(parentOf(run), name));
  }
}
