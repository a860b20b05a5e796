import * as v from 'valibot';

const factor = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const positiveFactor = v.pipe(v.number(), v.gtValue(0), v.maxValue(1));

/** A learning-rate curve, as data. */
export const scheduleSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('constant') }),
  v.strictObject({
    kind: v.literal('step'),
    everyEpochs: v.pipe(v.number(), v.integer(), v.minValue(1)),
    factor: positiveFactor,
  }),
  v.strictObject({ kind: v.literal('cosine'), floor: factor }),
  v.strictObject({
    kind: v.literal('one-cycle'),
    peakAt: v.pipe(v.number(), v.gtValue(0), v.ltValue(1)),
    startFactor: positiveFactor,
    endFactor: positiveFactor,
  }),
]);

export type Schedule = v.InferOutput<typeof scheduleSchema>;
export type ScheduleKind = Schedule['kind'];

/** A schedule of each kind with its usual numbers. */
export const DEFAULT_SCHEDULES: { readonly [K in ScheduleKind]: Extract<Schedule, { kind: K }> } = {
  constant: { kind: 'constant' },
  step: { kind: 'step', everyEpochs: 7, factor: 0.1 },
  cosine: { kind: 'cosine', floor: 0 },
  'one-cycle': { kind: 'one-cycle', peakAt: 0.3, startFactor: 0.04, endFactor: 0.0001 },
};

const cosineBetween = (from: number, to: number, progress: number): number =>
  to + ((from - to) * (1 + Math.cos(Math.PI * progress))) / 2;

/** Learning-rate factor without warm-up; `progress` 0..1 is the share of the run that is done. */
function scheduleFactor(schedule: Schedule, progress: number, epochs: number): number {
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'step':
      // The tiny addend keeps a progress that stands for a whole epoch from being floored below it.
      return schedule.factor ** Math.floor((progress * epochs + 1e-9) / schedule.everyEpochs);
    case 'cosine':
      return cosineBetween(1, schedule.floor, progress);
    case 'one-cycle':
      return progress < schedule.peakAt
        ? cosineBetween(schedule.startFactor, 1, progress / schedule.peakAt)
        : cosineBetween(1, schedule.endFactor, (progress - schedule.peakAt) / (1 - schedule.peakAt));
  }
}

/**
 * The factor that the base learning rate is multiplied by, as a pure function, so that the loop and the chart draw the
 * same curve. Warm-up rises linearly from 0 and then the schedule runs over what is left.
 *
 * One-cycle follows Smith & Topin, "Super-convergence" (2018), with cosine arms as fastai has it.
 *
 * @param progress share of the run's steps that are done, 0..1
 * @param epochs length of the run in epochs
 * @param warmupEpochs length of the linear warm-up in epochs; may be a fraction
 */
export function learningRateFactor(schedule: Schedule, progress: number, epochs: number, warmupEpochs = 0): number {
  const warmup = Math.min(1, warmupEpochs / epochs);
  if (warmup > 0 && progress < warmup) return progress / warmup;
  const rest = warmup >= 1 ? 1 : (progress - warmup) / (1 - warmup);
  // A step schedule counts whole epochs from the start of the run, warm-up included.
  return scheduleFactor(schedule, schedule.kind === 'step' ? progress : rest, epochs);
}
