import { wilsonInterval } from '../../../shared/metrics.js';
import type { ClassSummary } from '../../../shared/studio.js';
import { formatPercent, formatPlural, formatSeconds } from '../../format.js';
import type { TrainingEnd } from '../../state/training.svelte.js';

/** The accuracy of always giving the same answer, and which. */
export interface Baseline {
  readonly share: number;
  readonly name: string;
}

/** Null without validation pictures. */
export function baselineOf(classes: readonly Pick<ClassSummary, 'name' | 'val'>[]): Baseline | null {
  const total = classes.reduce((sum, { val }) => sum + val, 0);
  const largest = classes.reduce<(typeof classes)[number] | null>(
    (max, next) => (max === null || next.val > max.val ? next : max),
    null,
  );
  return largest === null || total === 0 ? null : { share: largest.val / total, name: largest.name };
}

/** 95 % interval of an accuracy over `images` pictures, as `92.1–98.0 %`. */
export function formatInterval(accuracy: number, images: number): string {
  const [low, high] = wilsonInterval(Math.round(accuracy * images), images);
  return `${(low * 100).toFixed(1)}–${formatPercent(high)}`;
}

export interface OutcomeFacts {
  readonly end: Extract<TrainingEnd, { kind: 'ended' }>;
  readonly valImages: number;
  readonly baseline: Baseline | null;
  readonly epochsDone: number;
}

export interface Outcome {
  readonly kind: 'success' | 'warning';
  readonly title: string;
  readonly text: string;
}

const ENDINGS: Readonly<Record<OutcomeFacts['end']['reason'], (facts: OutcomeFacts) => string>> = {
  completed: ({ end }) =>
    `Trained in ${formatSeconds(end.seconds.total)}; the weights of epoch ${end.best.epoch} are kept.`,
  'early-stopping': ({ end, epochsDone }) =>
    `It stopped by itself after epoch ${epochsDone}, since nothing was gained any more; the weights of epoch ${end.best.epoch} are kept.`,
  stopped: ({ end, epochsDone }) =>
    `You stopped it after ${formatPlural(epochsDone, 'epoch')}; the weights of epoch ${end.best.epoch} are kept.`,
  diverged: ({ end }) =>
    `Then the loss went out of control; the weights of epoch ${end.best.epoch} are kept. A lower learning rate helps.`,
};

/** A finished run's result in words, against the model that always gives the same answer. */
export function describeOutcome(facts: OutcomeFacts): Outcome {
  const { end, valImages, baseline } = facts;
  const { accuracy } = end.best.val;
  const [low] = wilsonInterval(Math.round(accuracy * valImages), valImages);
  const isBetter = baseline === null || low > baseline.share;
  const against =
    baseline === null
      ? ''
      : isBetter
        ? ` Always answering “${baseline.name}” would be right ${formatPercent(baseline.share)} of the time.`
        : ` Always answering “${baseline.name}” would be right ${formatPercent(baseline.share)} of the time, so this model may have learned nothing.`;
  return {
    kind: end.reason === 'diverged' || !isBetter ? 'warning' : 'success',
    title: `${formatPercent(accuracy)} of ${formatPlural(valImages, 'validation picture')} are right (95 % interval ${formatInterval(accuracy, valImages)})`,
    text: `${ENDINGS[end.reason](facts)}${against}`,
  };
}
