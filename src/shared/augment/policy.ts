import { GraftError } from '../errors.js';
import type { AugmentOp, ParamSpec, ParamValue } from './op.js';
import { AUGMENT_OPS, findAugmentOp } from './registry.js';

/** One op of a policy with its probability and settings. */
export interface AugmentStep {
  readonly op: string;
  /** Probability, 0..1. */
  readonly p: number;
  readonly params: Readonly<Record<string, ParamValue>>;
}

/** Mixing of pictures inside a batch. */
export interface MixSpec {
  readonly kind: 'mixup' | 'cutmix';
  /** Of the Beta(alpha, alpha) that the share is drawn from, 0.01..100. */
  readonly alpha: number;
  /** Probability by batch, 0..1. */
  readonly p: number;
}

/** What the user picked: ops in order, and mixing. */
export interface AugmentPolicy {
  readonly steps: readonly AugmentStep[];
  readonly mix: MixSpec | null;
}

const fail = (message: string): never => {
  throw new GraftError('invalid-value', message);
};

const asRecord = (value: unknown, what: string): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : fail(`${what}: expected an object, received ${JSON.stringify(value)}`);

function refuseUnknownKeys(record: Readonly<Record<string, unknown>>, known: readonly string[], what: string): void {
  const unknown = Object.keys(record).find((key) => !known.includes(key));
  if (unknown !== undefined) fail(`${what}: expected only ${known.join(', ') || 'no settings'}, received "${unknown}"`);
}

const isBetween = (value: unknown, low: number, high: number): value is number =>
  typeof value === 'number' && value >= low && value <= high;

function parseProbability(value: unknown, what: string): number {
  if (isBetween(value, 0, 1)) return value;
  return fail(`${what}, p: expected a number from 0 to 1, received ${JSON.stringify(value)}`);
}

function parseParam(spec: ParamSpec, value: unknown, what: string): ParamValue {
  if (value === undefined) return spec.default;
  const received = `received ${JSON.stringify(value)}`;
  if (spec.kind === 'choice') {
    if (typeof value === 'string' && spec.choices.includes(value)) return value;
    return fail(`${what}: expected one of ${spec.choices.join(', ')}, ${received}`);
  }
  const unit = spec.unit === '' ? '' : ` ${spec.unit}`;
  const bounds = `from ${spec.min} to ${spec.max}${unit}`;
  if (spec.kind === 'number') {
    const isOnStep = (number: number): boolean => Number.isInteger((number - spec.min) / spec.step);
    if (isBetween(value, spec.min, spec.max) && (!spec.isStepped || isOnStep(value))) return value;
    const steps = spec.isStepped ? ` in steps of ${spec.step}` : '';
    return fail(`${what}: expected a number ${bounds}${steps}, ${received}`);
  }
  if (Array.isArray(value) && value.length === 2) {
    const [low, high] = value as unknown[];
    if (isBetween(low, spec.min, spec.max) && isBetween(high, low, spec.max)) return [low, high];
  }
  return fail(`${what}: expected two ascending numbers ${bounds}, ${received}`);
}

function parseStep(value: unknown, index: number): AugmentStep {
  const record = asRecord(value, `augmentation step ${index + 1}`);
  const { op: id } = record;
  const op: AugmentOp | null = typeof id === 'string' ? findAugmentOp(id) : null;
  if (op === null) {
    const known = AUGMENT_OPS.map((known) => known.id).join(', ');
    return fail(`augmentation step ${index + 1}: expected an op among ${known}, received ${JSON.stringify(id)}`);
  }
  const what = `augmentation ${op.id}`;
  refuseUnknownKeys(record, ['op', 'p', 'params'], what);
  if (op.kind === 'frame' && index > 0) fail(`${what}: expected it as the first step, found it as step ${index + 1}`);
  const given = asRecord(record['params'] ?? {}, `${what}, params`);
  refuseUnknownKeys(given, Object.keys(op.params), `${what}, params`);
  const params = Object.fromEntries(
    Object.entries(op.params).map(([name, spec]) => [name, parseParam(spec, given[name], `${what}, ${name}`)]),
  );
  return { op: op.id, p: record['p'] === undefined ? op.defaultP : parseProbability(record['p'], what), params };
}

function parseMix(value: unknown): MixSpec | null {
  if (value === null || value === undefined) return null;
  const record = asRecord(value, 'mix');
  refuseUnknownKeys(record, ['kind', 'alpha', 'p'], 'mix');
  const { kind, alpha } = record;
  if (kind !== 'mixup' && kind !== 'cutmix') {
    return fail(`mix, kind: expected mixup or cutmix, received ${JSON.stringify(kind)}`);
  }
  if (!isBetween(alpha, 0.01, 100)) {
    return fail(`mix, alpha: expected a number from 0.01 to 100, received ${JSON.stringify(alpha)}`);
  }
  return { kind, alpha, p: parseProbability(record['p'] ?? 1, 'mix') };
}

/**
 * Reads a policy from JSON that is not trusted. Settings that are left out take their defaults.
 *
 * @throws GraftError `invalid-value` naming the op, the setting, what is allowed and what came
 */
export function parsePolicy(value: unknown): AugmentPolicy {
  const record = asRecord(value, 'augmentation');
  refuseUnknownKeys(record, ['steps', 'mix'], 'augmentation');
  const { steps } = record;
  if (!Array.isArray(steps)) return fail(`augmentation, steps: expected a list, received ${JSON.stringify(steps)}`);
  return { steps: steps.map(parseStep), mix: parseMix(record['mix']) };
}
