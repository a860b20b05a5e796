import * as v from 'valibot';
import { GraftError } from '../../../shared/errors.js';
import type { TrainMode } from '../../../shared/recipe.js';
import { benchFile, type Interpreter, runProgram } from './python.js';
import type { Metrics, Peer } from './report.js';

/** Backbones that each peer has, by Graft's names. */
const TORCHVISION_BACKBONES = ['resnet18', 'resnet34', 'resnet50', 'mobilenet_v2', 'mobilenet_v3_small', 'mobilenet_v3_large', 'efficientnet_b0']; // prettier-ignore
const KERAS_BACKBONES = ['mobilenet_v2'];
const isLite = (backbone: string): boolean => backbone.startsWith('efficientnet_lite');

/** Who can train a backbone beside Graft at all, on whatever is installed. */
export function peersOf(backbone: string): readonly Peer[] {
  const peers: Peer[] = [];
  if (isLite(backbone) || TORCHVISION_BACKBONES.includes(backbone)) peers.push('script', 'tuned');
  if (KERAS_BACKBONES.includes(backbone)) peers.push('keras');
  return peers;
}

/** Packages that a peer needs for a backbone, by pip's names. */
function packagesOf(peer: Peer, backbone: string): readonly { pip: string; in(one: Interpreter): string | null }[] {
  if (peer === 'keras') {
    return [
      { pip: 'tensorflow', in: (one) => one.tensorflow },
      { pip: 'keras', in: (one) => one.keras },
    ];
  }
  return [
    { pip: 'torch', in: (one) => one.torch },
    // The script loads its pictures by torchvision's ImageFolder whatever the backbone.
    ...(peer === 'script' || !isLite(backbone)
      ? [{ pip: 'torchvision', in: (one: Interpreter) => one.torchvision }]
      : []),
    ...(isLite(backbone) ? [{ pip: 'efficientnet-lite-pytorch', in: (one: Interpreter) => one.efficientnetLite }] : []),
  ];
}

/** The first interpreter that has what a peer needs for a backbone, or why there is none. */
export function chooseInterpreter(
  peer: Peer,
  backbone: string,
  interpreters: readonly Interpreter[],
): { readonly interpreter: Interpreter } | { readonly reason: string } {
  const packages = packagesOf(peer, backbone);
  const interpreter = interpreters.find((one) => packages.every((needed) => needed.in(one) !== null));
  if (interpreter) return { interpreter };
  const needs = packages.map(({ pip }) => pip).join(', ');
  if (interpreters.length === 0) return { reason: `no Python was found; name one that has ${needs} with --python` };
  const commands = interpreters.map(({ command }) => command).join(', ');
  return { reason: `it needs ${needs}, which ${commands} ${interpreters.length === 1 ? 'has' : 'have'} not all of` };
}

const lineSchema = v.variant('event', [
  v.object({
    event: v.literal('epoch'),
    epoch: v.number(),
    images: v.number(),
    seconds: v.number(),
    valAccuracy: v.nullable(v.number()),
  }),
  v.object({ event: v.literal('end'), peakMemoryBytes: v.nullable(v.number()), version: v.string() }),
]);
type PeerLine = v.InferOutput<typeof lineSchema>;

/** A line of a peer's output; null for what other libraries print. */
export function parsePeerLine(line: string): PeerLine | null {
  try {
    const parsed = v.safeParse(lineSchema, JSON.parse(line));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** What a peer said, and when, in seconds since its process was started. */
export interface TimedLine {
  readonly line: PeerLine;
  readonly atSeconds: number;
}

/**
 * A peer's numbers out of what it said.
 *
 * @param target validation accuracy, 0..1
 * @throws GraftError `unsupported` when it ended without a word
 */
export function peerMetrics(lines: readonly TimedLine[], totalSeconds: number, target: number): Metrics {
  const epochs = lines.flatMap(({ line, atSeconds }) => (line.event === 'epoch' ? [{ ...line, atSeconds }] : []));
  const end = lines.find(({ line }) => line.event === 'end')?.line;
  const last = epochs.at(-1);
  if (last === undefined || end?.event !== 'end') {
    throw new GraftError('unsupported', 'the peer ended without its numbers');
  }
  const accuracies = epochs.flatMap(({ valAccuracy }) => valAccuracy ?? []);
  const reached = epochs.find(({ valAccuracy }) => valAccuracy !== null && valAccuracy >= target);
  return {
    imagesPerSecond: last.images / last.seconds,
    epochSeconds: last.seconds,
    totalSeconds,
    ...(end.peakMemoryBytes === null ? {} : { peakMemoryBytes: end.peakMemoryBytes }),
    ...(accuracies.length === 0 ? {} : { accuracy: Math.max(...accuracies) }),
    ...(reached === undefined ? {} : { secondsToAccuracy: reached.atSeconds }),
  };
}

/** A job of so many epochs, from the first few of it: start-up once, then the epochs' mean. */
export function extrapolateJob(lines: readonly TimedLine[], totalSeconds: number, epochs: number): number {
  const ends = lines.flatMap(({ line, atSeconds }) => (line.event === 'epoch' ? [atSeconds] : []));
  const first = ends[0];
  const last = ends.at(-1);
  if (first === undefined || last === undefined || ends.length < 2) return totalSeconds * epochs;
  const perEpoch = (last - first) / (ends.length - 1);
  return totalSeconds + perEpoch * (epochs - ends.length);
}

export interface PeerTask {
  readonly peer: Exclude<Peer, 'sharp'>;
  readonly interpreter: Interpreter;
  readonly data: string;
  readonly backbone: string;
  readonly mode: TrainMode;
  readonly size: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly threads: number;
  readonly validates: boolean;
  readonly weightsFile: string | null;
}

/** Trains with a peer. */
export async function runPeer(
  task: PeerTask,
  { root, signal, nowMs }: { readonly root: string; readonly signal: AbortSignal; nowMs(): number },
): Promise<{ readonly lines: readonly TimedLine[]; readonly totalSeconds: number; readonly version: string }> {
  const { peer, interpreter, data, backbone, mode } = task;
  const startMs = nowMs();
  const secondsSoFar = (): number => (nowMs() - startMs) / 1000;
  const lines: TimedLine[] = [];
  const numbers = { size: task.size, epochs: task.epochs, batch: task.batchSize, threads: task.threads };
  await runProgram(
    interpreter.command,
    [
      ...[benchFile(root, `peer_${peer}.py`), data, '--model', backbone, '--mode', mode],
      ...Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]),
      ...(task.weightsFile === null ? [] : ['--weights', task.weightsFile]),
      ...(task.validates ? ['--validate'] : []),
    ],
    {
      cwd: root,
      signal,
      // Python would keep its lines until it ends.
      env: { PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' },
      onLine: (text) => {
        const line = parsePeerLine(text);
        if (line !== null) lines.push({ line, atSeconds: secondsSoFar() });
      },
    },
  );
  const end = lines.find(({ line }) => line.event === 'end')?.line;
  return { lines, totalSeconds: secondsSoFar(), version: end?.event === 'end' ? end.version : peer };
}

const sharpSchema = v.object({ images: v.number(), seconds: v.number(), peakMemoryBytes: v.number() });

/** Decodes a folder with sharp alone, on as many threads as the engine decodes on. */
export async function runSharp(
  data: string,
  shorterSide: number,
  { root, signal }: { readonly root: string; readonly signal: AbortSignal },
): Promise<Metrics> {
  let said: unknown = null;
  await runProgram(process.execPath, [benchFile(root, 'bare-sharp.mjs'), data, String(shorterSide)], {
    cwd: root,
    signal,
    env: { UV_THREADPOOL_SIZE: '4', ELECTRON_RUN_AS_NODE: '1' },
    onLine: (line) => (said = JSON.parse(line) as unknown),
  });
  const parsed = v.safeParse(sharpSchema, said);
  if (!parsed.success) throw new GraftError('unsupported', 'sharp alone ended without its numbers');
  const { images, seconds, peakMemoryBytes } = parsed.output;
  return { imagesPerSecond: images / seconds, peakMemoryBytes };
}
