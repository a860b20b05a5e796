import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { messageOf } from '../../../shared/errors.js';
import { readCachedJson, writeCachedJson } from '../dataset/cache.js';
import { createEagerNetwork, type EagerNetwork } from '../graph/eager.js';
import type { FoldedNetwork } from '../graph/fold.js';
import { entryPath, probesFolder } from '../paths.js';
import { runEntry } from '../run-entry.js';
import { nativeBackend, type TensorFlow } from '../tf.js';
import { createCompiledNetwork } from './compiled-network.js';

/** Raised when a compiled graph is written or run differently, so that machines are probed again. */
const PROBE_VERSION = 4;
const PROBE_TIMEOUT_MS = 120_000;
/** Rounding differs between the two; more than this would be a mistake of the machine's. */
const MAX_DIFFERENCE = 1e-3;

const resultSchema = v.object({ eagerMs: v.number(), compiledMs: v.number(), difference: v.number() });
const recordSchema = v.object({ runner: v.picklist(['compiled', 'eager']), reason: v.string() });

/** What is probed: a frozen part, or a training step with batch norm's statistics fixed or of the batch. */
export type ProbeTask = 'frozen' | 'step-frozen' | 'step-batch';

/** How a network is run or trained here, and why. */
export type RunnerChoice = v.InferOutput<typeof recordSchema>;

/** What a probe's output says; a probe that printed nonsense counts as one that failed. */
function judge(output: string): RunnerChoice {
  let parsed: unknown;
  try {
    parsed = JSON.parse(output);
  } catch {
    parsed = null;
  }
  const result = v.safeParse(resultSchema, parsed);
  if (!result.success) return { runner: 'eager', reason: 'the probe gave no result' };
  const { eagerMs, compiledMs, difference } = result.output;
  if (!(difference <= MAX_DIFFERENCE)) {
    return { runner: 'eager', reason: `the compiled graph differs by ${difference.toExponential(1)}` };
  }
  const ratio = `${(eagerMs / compiledMs).toFixed(2)} times as fast as eager`;
  return { runner: compiledMs < eagerMs ? 'compiled' : 'eager', reason: `the compiled graph is ${ratio}` };
}

/** Runs the probe in a process of its own, which may die. */
async function runProbe(backbone: string, task: ProbeTask): Promise<RunnerChoice> {
  return await runEntry('probe', [backbone, task], PROBE_TIMEOUT_MS).then(judge, (error: unknown) => ({
    runner: 'eager' as const,
    reason: `the compiled graph fails here: ${messageOf(error)}`,
  }));
}

/** File of a probe's outcome; it is named after everything that the outcome depends on. */
function recordName(tf: TensorFlow, backbone: string, task: ProbeTask): string {
  const machine = [
    PROBE_VERSION,
    nativeBackend(tf).binding.TF_Version,
    cpus()[0]?.model,
    cpus().length,
    backbone,
    task,
  ];
  return `${createHash('sha256').update(JSON.stringify(machine)).digest('hex')}.json`;
}

/** What {@link chooseRunner} would answer without a probe; null when it would have to probe. */
export async function rememberedRunner(
  tf: TensorFlow,
  backbone: string,
  task: ProbeTask,
): Promise<RunnerChoice | null> {
  if (!existsSync(entryPath('probe'))) return { runner: 'eager', reason: 'the build has no probe' };
  const known = await readCachedJson(join(probesFolder(), recordName(tf, backbone, task)));
  return v.is(recordSchema, known) ? known : null;
}

/**
 * Decides how a backbone runs or trains on this machine: the compiled graph where it works and is faster, else one call a
 * node. Probed once for each task, then remembered.
 */
export async function chooseRunner(tf: TensorFlow, backbone: string, task: ProbeTask): Promise<RunnerChoice> {
  const known = await rememberedRunner(tf, backbone, task);
  if (known !== null) return known;
  const choice = await runProbe(backbone, task);
  await writeCachedJson(probesFolder(), recordName(tf, backbone, task), choice);
  return choice;
}

/** Makes a folded network ready to run, the way {@link chooseRunner} decided. Dispose it. */
export async function createFrozenNetwork(
  tf: TensorFlow,
  { network, weights }: FoldedNetwork,
  choice: RunnerChoice,
): Promise<EagerNetwork> {
  return choice.runner === 'compiled'
    ? await createCompiledNetwork(tf, network, weights)
    : createEagerNetwork(tf, network, weights);
}
