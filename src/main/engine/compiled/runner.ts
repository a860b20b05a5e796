import * as v from 'valibot';

export const atOnceSchema = v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1)));

/** Ways to run a network: one call a node; one compiled graph; the same in bfloat16. */
const RUNNERS = ['eager', 'compiled', 'bfloat16'] as const;
export const runnerSchema = v.object({
  runner: v.picklist(RUNNERS),
  reason: v.string(),
  /** Pictures that a compiled network takes at once, a larger batch in parts; null or none for all. */
  atOnce: v.optional(atOnceSchema),
});

/** How a network is run or trained here, and why. */
export type RunnerChoice = v.InferOutput<typeof runnerSchema>;
