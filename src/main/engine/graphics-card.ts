import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { messageOf } from '../../shared/errors.js';
import { readCachedJson, writeCachedJson } from './dataset/cache.js';
import { entryPath, probesFolder } from './paths.js';
import { runEntry } from './run-entry.js';

/** Raised when the test changes, so that cards are tested again. */
const TEST_VERSION = 1;
/** A card takes some seconds; one that is too new for its library compiles for half an hour, and then often fails. */
const TEST_TIMEOUT_MS = 120_000;
/** How long a card that failed is left alone: what held its memory, say, may be gone by then. */
const RETRY_MS = 24 * 60 * 60 * 1000;

/** What `card-test.ts` prints. */
export const cardTestSchema = v.object({
  device: v.picklist(['cpu', 'gpu']),
  /** Null when everything came out right. */
  problem: v.nullable(v.string()),
});

const recordSchema = v.object({ problem: v.nullable(v.string()), testedMs: v.number() });

/** What the judgement of a card depends on. */
export interface CardSurroundings {
  /** Names driver, libraries and addon: what a test's outcome holds for. Null where there is nothing to test. */
  identity(): string | null;
  /** Runs `card-test.ts` in a process of its own. @returns what it printed */
  test(): Promise<string>;
  /** Where outcomes are kept. */
  readonly folder: string;
  nowMs(): number;
}

/** A file's size and time, so that another one is noticed; null where it is not. */
function stampOf(file: string): string | null {
  const facts = statSync(file, { throwIfNoEntry: false });
  return facts === undefined ? null : `${facts.size}/${facts.mtimeMs}`;
}

/** Identifies an installed NVIDIA driver; null where there is none. */
function driverOf(platform: NodeJS.Platform): string | null {
  if (platform === 'win32') return stampOf(join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'nvcuda.dll'));
  if (platform !== 'linux') return null;
  const version = '/proc/driver/nvidia/version';
  if (existsSync(version)) return readFileSync(version, 'utf8');
  // The second is where Windows puts its driver for Linux (WSL).
  return stampOf('/dev/nvidiactl') ?? stampOf('/usr/lib/wsl/lib/libcuda.so.1');
}

/** TensorFlow's addon; null where its package is not installed, which loading it tells best. */
function addonFile(): string | null {
  try {
    const description = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json');
    return join(dirname(description), 'lib', 'napi-v8', 'tfjs_binding.node');
  } catch {
    return null;
  }
}

function identityOfThisMachine(): string | null {
  const { CUDA_VISIBLE_DEVICES, LD_LIBRARY_PATH, PATH } = process.env;
  // Hidden by the user, or by this process's parent for what it has found.
  if (CUDA_VISIBLE_DEVICES === '-1' || CUDA_VISIBLE_DEVICES === '') return null;
  const driver = driverOf(process.platform);
  const addon = addonFile();
  if (driver === null || addon === null || !existsSync(entryPath('card-test'))) return null;
  return JSON.stringify([
    driver,
    stampOf(addon),
    stampOf('/etc/ld.so.cache'),
    ...[CUDA_VISIBLE_DEVICES, process.platform === 'win32' ? PATH : LD_LIBRARY_PATH],
  ]);
}

const thisMachine = (): CardSurroundings => ({
  identity: identityOfThisMachine,
  test: () => runEntry('card-test', [], TEST_TIMEOUT_MS),
  folder: probesFolder(),
  nowMs: () => Date.now(),
});

function problemIn(output: string): string | null {
  try {
    return v.parse(cardTestSchema, JSON.parse(output)).problem;
  } catch {
    return 'its test gave no result';
  }
}

/**
 * Decides whether TensorFlow may use the graphics card, before it is loaded: drivers, cards and libraries that do not go
 * together crash, hang or compute nonsense. Where a driver is installed, a small network runs once in a process of its own,
 * which has two minutes; the outcome is remembered for as long as driver and libraries stay the same, a failure for a day.
 *
 * @returns why the card must not be used; null where it may be, or there is none
 */
export async function refuseGraphicsCard(surroundings: CardSurroundings = thisMachine()): Promise<string | null> {
  const { folder } = surroundings;
  const identity = surroundings.identity();
  if (identity === null) return null;
  const name = `card-${createHash('sha256').update(`${TEST_VERSION}:${identity}`).digest('hex')}.json`;
  const known = await readCachedJson(join(folder, name));
  const isRecent = (testedMs: number): boolean => Math.abs(surroundings.nowMs() - testedMs) < RETRY_MS;
  if (v.is(recordSchema, known) && (known.problem === null || isRecent(known.testedMs))) return known.problem;
  const problem = await surroundings.test().then(problemIn, messageOf);
  await writeCachedJson(folder, name, { problem, testedMs: surroundings.nowMs() });
  return problem;
}
