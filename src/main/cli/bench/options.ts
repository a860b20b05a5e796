import { InvalidArgumentError } from 'commander';
import { GraftError } from '../../../shared/errors.js';
import { createRecipe } from '../../../shared/recipe.js';
import type { ClassCounts } from './pictures.js';
import { ROW_GROUPS, type RowGroup } from './report.js';

/** The options of `graft bench`, as commander hands them over. */
export interface BenchOptions {
  readonly data?: string;
  readonly peers?: boolean;
  readonly python?: readonly string[];
  readonly rows?: readonly RowGroup[];
  readonly backbones?: readonly string[];
  readonly full?: boolean;
  readonly rounds?: number;
  readonly epochs?: number;
  readonly batch?: number;
  readonly images?: number;
  readonly manyImages?: number;
  readonly jobEpochs?: number;
  readonly target?: number;
  readonly profile?: boolean;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly report?: string;
}

/** How much is measured. */
export interface BenchSize {
  readonly preset: 'quick' | 'full';
  readonly groups: readonly RowGroup[];
  readonly backbones: readonly string[];
  readonly jobBackbone: string;
  readonly rounds: number;
  readonly epochs: number;
  readonly jobEpochs: number;
  /** Epochs of the job that peers train. */
  readonly peerJobEpochs: number;
  readonly batchSize: number;
  readonly counts: ClassCounts;
  readonly manyImages: number;
  readonly target: number;
}

/** The tutorial's job, which the full benchmark repeats: its epochs, and the accuracy that it is known for. */
const TUTORIAL = { epochs: 15, accuracy: 0.9608 } as const;

/** A few minutes, for an impression. */
const QUICK = {
  groups: ['frozen', 'finetune', 'job', 'second-run', 'cache', 'memory'],
  backbones: ['resnet18', 'mobilenet_v2', 'efficientnet_lite2'],
  rounds: 1,
  peerJobEpochs: 2,
  counts: { train: 32, val: 16 },
  manyImages: 1000,
} as const;

/** What the README shows: everything, three times. */
const FULL = {
  groups: ROW_GROUPS,
  backbones: ['resnet18', 'mobilenet_v2', 'efficientnet_lite0', 'efficientnet_lite2'],
  rounds: 3,
  peerJobEpochs: TUTORIAL.epochs,
  counts: { train: Infinity, val: Infinity },
  manyImages: 10_000,
} as const;

/** Pictures a class where they are made: as many as the tutorial's data set has. */
const MADE = { train: 122, val: 76 } as const;

/** How much the options ask for: a preset, changed by the others. */
export function sizeOf(options: BenchOptions): BenchSize {
  const preset = options.full === true ? FULL : QUICK;
  const { images } = options;
  const counts = images === undefined ? preset.counts : { train: images, val: Math.max(1, Math.ceil(images / 2)) };
  const jobEpochs = options.jobEpochs ?? TUTORIAL.epochs;
  return {
    preset: options.full === true ? 'full' : 'quick',
    groups: options.rows ?? preset.groups,
    backbones: options.backbones ?? preset.backbones,
    jobBackbone: options.backbones?.[0] ?? createRecipe('data').backbone.id,
    rounds: options.rounds ?? preset.rounds,
    // The first epoch of each decodes and warms up; it does not count.
    epochs: options.epochs ?? 2,
    jobEpochs,
    peerJobEpochs: Math.min(preset.peerJobEpochs, jobEpochs),
    batchSize: options.batch ?? 16,
    counts,
    manyImages: options.manyImages ?? preset.manyImages,
    target: options.target ?? TUTORIAL.accuracy,
  };
}

/** How many pictures are made where no data set is given. */
export const madeCounts = ({ train, val }: ClassCounts): ClassCounts => ({
  train: Number.isFinite(train) ? train : MADE.train,
  val: Number.isFinite(val) ? val : MADE.val,
});

/**
 * Reads `--rows`.
 *
 * @throws InvalidArgumentError naming the rows that there are
 */
export function rowsOption(text: string): RowGroup[] {
  const asked = text.split(',').map((name) => name.trim());
  return asked.map((name) => {
    const group = ROW_GROUPS.find((one) => one === name);
    if (group === undefined)
      throw new InvalidArgumentError(`expected some of ${ROW_GROUPS.join(',')}, received "${name}"`);
    return group;
  });
}

/** Reads a list with commas. */
export const listOption = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** Collects an option that may come more than once. */
export const collectOption = (text: string, before: readonly string[] | undefined): string[] => [
  ...(before ?? []),
  text,
];

/**
 * Refuses options that don't go together.
 *
 * @throws GraftError `usage`
 */
export function checkOptions({ report, markdown, json, ...measuring }: BenchOptions): void {
  const usage = (message: string): GraftError => new GraftError('usage', message);
  if (markdown === true && json === true) throw usage('expected --markdown or --json, received both');
  if (report === undefined) return;
  const [other] = Object.keys(measuring);
  if (other !== undefined) {
    throw usage(
      `expected --report with --markdown or alone, received also --${other}: a report is shown, not measured`,
    );
  }
}
