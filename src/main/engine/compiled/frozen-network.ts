import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { messageOf } from '../../../shared/errors.js';
import { hasBfloat16, thisProcessor } from '../../common/processor.js';
import { readCachedJson, writeCachedJson } from '../dataset/cache.js';
import { createEagerNetwork, type EagerNetwork } from '../graph/eager.js';
import type { FoldedNetwork } from '../graph/fold.js';
import { entryPath, probesFolder } from '../paths.js';
import { runEntry } from '../run-entry.js';
import { nativeBackend, type TensorFlow } from '../tf.js';
import { createCompiledNetwork } from './compiled-network.js';
import { atOnceSchema, type RunnerChoice, runnerSchema } from './runner.js';

/** Raised when a compiled graph is written or run differently, so that machines are probed again. */
const PROBE_VERSION = 10;
const PROBE_TIMEOUT_MS = 120_000;

const resultSchema = v.object({
  plainMs: v.number(),
  fastMs: v.number(),
  difference: v.number(),
  atOnce: v.optional(atOnceSchema),
});

/**
 * What is probed: a frozen part, the same in bfloat16, or a training step with batch norm's statistics fixed or of the
 * batch.
 */
export type ProbeTask = 'frozen' | 'frozen-bfloat16' | 'step-frozen' | 'step-batch';

/** What a probe compares. */
interface Comparison {
  readonly plain: RunnerChoice['runner'];
  readonly fast: RunnerChoice['runner'];
  readonly name: string;
  /** Rounding differs between the two; more than this would be a mistake of the machine's. */
  readonly maxDifference: number;
  /** The fast way has to be so many times as fast. */
  readonly minGain: number;
}

const AGAINST_EAGER: Comparison = {
  plain: 'eager',
  fast: 'compiled',
  name: 'the compiled graph',
  maxDifference: 1e-3,
  minGain: 1,
};
/**
 * On a graphics card ordinary convolutions and products round their factors to TF32's ten bits; two ways of computing then
 * differ by more than in float32.
 */
const MAX_DIFFERENCE_ON_CARD = 1e-2;
const COMPARISONS: Readonly<Record<ProbeTask, Comparison>> = {
  frozen: AGAINST_EAGER,
  'step-frozen': AGAINST_EAGER,
  'step-batch': AGAINST_EAGER,
  // Eight bits of precision through some fifty layers; a small gain is not worth that.
  'frozen-bfloat16': { plain: 'compiled', fast: 'bfloat16', name: 'bfloat16', maxDifference: 0.03, minGain: 1.1 },
};

/**
 * What a probe's output says; a probe that printed nonsense counts as one that failed.
 *
 * @param onCard it was run on a graphics card
 */
export function judgeProbe(task: ProbeTask, output: string, onCard: boolean): RunnerChoice {
  const comparison = COMPARISONS[task];
  const { plain, fast, name, minGain } = comparison;
  const maxDifference = onCard ? Math.max(comparison.maxDifference, MAX_DIFFERENCE_ON_CARD) : comparison.maxDifference;
  let parsed: unknown;
  try {
    parsed = JSON.parse(output);
  } catch {
    parsed = null;
  }
  const result = v.safeParse(resultSchema, parsed);
  if (!result.success) return { runner: plain, reason: 'the probe gave no result' };
  const { plainMs, fastMs, difference, atOnce } = result.output;
  if (!(difference <= maxDifference)) {
    return { runner: plain, reason: `${name} differs by ${difference.toExponential(1)}` };
  }
  const gain = plainMs / fastMs;
  const against = plain === 'eager' ? plain : 'float32';
  const reason = `${name} is ${gain.toFixed(2)} times as fast as ${against}`;
  if (gain <= minGain) return { runner: plain, reason };
  return { runner: fast, reason, ...(atOnce === undefined ? {} : { atOnce }) };
}

/** Runs the probe in a process of its own, which may die. */
async function runProbe(backbone: string, task: ProbeTask, onCard: boolean): Promise<RunnerChoice> {
  const { plain, name } = COMPARISONS[task];
  return await runEntry('probe', [backbone, task], PROBE_TIMEOUT_MS).then(
    (output) => judgeProbe(task, output, onCard),
    (error: unknown) => ({ runner: plain, reason: `${name} fails here: ${messageOf(error)}` }),
  );
}

/** File of a probe's outcome; it is named after everything that the outcome depends on. */
function recordName(tf: TensorFlow, backbone: string, task: ProbeTask): string {
  const { binding, isUsingGpuDevice } = nativeBackend(tf);
  const machine = [PROBE_VERSION, binding.TF_Version, isUsingGpuDevice, thisProcessor(), backbone, task];
  return `${createHash('sha256').update(JSON.stringify(machine)).digest('hex')}.json`;
}

/** What {@link chooseRunner} would answer without a probe; null when it would have to probe. */
export async function rememberedRunner(
  tf: TensorFlow,
  backbone: string,
  task: ProbeTask,
): Promise<RunnerChoice | null> {
  const { plain } = COMPARISONS[task];
  if (!existsSync(entryPath('probe'))) return { runner: plain, reason: 'the build has no probe' };
  if (task === 'frozen-bfloat16' && (nativeBackend(tf).isUsingGpuDevice || !hasBfloat16(thisProcessor()))) {
    return { runner: plain, reason: 'the processor has no bfloat16' };
  }
  const known = await readCachedJson(join(probesFolder(), recordName(tf, backbone, task)));
  return v.is(runnerSchema, known) ? known : null;
}

/**
 * Decides how a backbone runs or trains on this machine: the compiled graph where it works and is faster, else one call a
 * node; in bfloat16 where the processor has it and that is faster still. Probed once for each task, then remembered.
 */
export async function chooseRunner(tf: TensorFlow, backbone: string, task: ProbeTask): Promise<RunnerChoice> {
  const known = await rememberedRunner(tf, backbone, task);
  if (known !== null) return known;
  const choice = await runProbe(backbone, task, nativeBackend(tf).isUsingGpuDevice);
  await writeCachedJson(probesFolder(), recordName(tf, backbone, task), choice);
  return choice;
}

/** Makes a folded network ready to run, the way {@link chooseRunner} decided. Dispose it. */
export async function createFrozenNetwork(
  tf: TensorFlow,
  { network, weights }: FoldedNetwork,
  choice: RunnerChoice,
): Promise<EagerNetwork> {
  const { runner, atOnce } = choice;
  if (runner === 'eager') return createEagerNetwork(tf, network, weights);
  const precision = runner === 'bfloat16' ? 'bfloat16' : 'float32';
  return await createCompiledNetwork(tf, network, weights, { precision, atOnce: atOnce ?? null });
}
