import { invariant } from '../errors.js';
import type { Framing, InputSpec } from '../input.js';
import { createStream } from '../random.js';
import type { Box } from '../resize.js';
import type { PlannedOp, Size } from './op.js';
import type { AugmentPolicy } from './policy.js';
import { findAugmentOp } from './registry.js';

/** What one picture's dice depend on, beside the policy. */
export interface DiceKey {
  /** Of the run. */
  readonly seed: number;
  /** Which throw it is; a new one each epoch, or one of the run's views. */
  readonly view: number;
  /** The picture's content hash, so that renaming a file changes nothing. */
  readonly imageId: string;
}

/** How one picture is drawn, as concrete JSON: the square's part of the source, then ops on the square. */
export interface AugmentPlan {
  readonly input: InputSpec;
  /** A part of the source that is resized to the square, or a framing of the whole. */
  readonly frame:
    { readonly kind: 'crop'; readonly box: Box } | { readonly kind: 'framing'; readonly framing: Framing };
  readonly ops: readonly PlannedOp[];
}

/** The plan without dice: validation, prediction and export see pictures like this. */
export function planFraming(input: InputSpec, framing: Framing): AugmentPlan {
  return { input, frame: { kind: 'framing', framing }, ops: [] };
}

/**
 * Throws a picture's dice. Every step has its own stream and draws all its numbers also when it is not applied, so that
 * one slider leaves the others' dice alone.
 *
 * @param source the picture's size in pixels, as it will be rendered from
 * @param framing used when the policy has no step that crops, or it is not applied
 */
export function planAugment(
  policy: AugmentPolicy,
  { seed, view, imageId }: DiceKey,
  source: Size,
  input: InputSpec,
  framing: Framing,
): AugmentPlan {
  let frame: AugmentPlan['frame'] = { kind: 'framing', framing };
  const ops: PlannedOp[] = [];
  const square = { width: input.size, height: input.size };
  const seen = new Map<string, number>();
  for (const step of policy.steps) {
    const op = findAugmentOp(step.op);
    invariant(op, `the policy was parsed, so ${step.op} is known`);
    // Keyed by name and repetition, not by place: moving a step does not throw its dice again.
    const repetition = seen.get(step.op) ?? 0;
    seen.set(step.op, repetition + 1);
    const rng = createStream(seed, 'augment', view, imageId, step.op, repetition);
    const isApplied = rng.chance(step.p);
    if (op.kind === 'frame') {
      const box = op.sample(step.params, rng, source);
      if (isApplied) frame = { kind: 'crop', box };
    } else {
      const planned = op.sample(step.params, rng, square);
      if (isApplied) ops.push(...planned);
    }
  }
  return { input, frame, ops };
}
