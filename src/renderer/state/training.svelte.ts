import type { EventName, Events } from '../../shared/contract.js';
import { type WireError } from '../../shared/errors.js';
import { isBetterEpoch } from '../../shared/metrics.js';
import type { Progress } from '../../shared/progress.js';
import type { Recipe } from '../../shared/recipe.js';
import type { CurrentRun, SamplePrediction, TrainStarted } from '../../shared/live-reports.js';
import type { BatchMetrics, EpochMetrics } from '../../shared/reports.js';
import type { Connection } from './connection.svelte.js';
import { PacedNews } from './paced-news.js';

export type TrainingPhase = 'idle' | 'starting' | 'training' | 'paused' | 'ended' | 'failed';

/** How the last run of this session came to its end. */
export type TrainingEnd =
  | ({ readonly kind: 'ended' } & Omit<Events['train.ended'], 'run'>)
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly error: WireError };

/** What is kept of batches: the last one in each of so many equal parts of the run, as the engine does. */
const MAX_BATCHES = 2000;

/** How often at most what has come is shown, in milliseconds. */
export interface TrainingPace {
  /** With nothing but batches to show, which move the curves by less than the eye follows. */
  readonly batchMs: number;
  /** With an epoch's end, or progress of a phase. */
  readonly epochMs: number;
}
const PACE: TrainingPace = { batchMs: 1000, epochMs: 80 };

/** After these no more is heard of a run. */
const LAST_EVENTS: ReadonlySet<EventName> = new Set(['train.ended', 'train.cancelled', 'train.failed']);

interface HeardEvent {
  readonly run: string;
  readonly isLast: boolean;
  /** Takes it in, again where it was taken in before. */
  take(): void;
}

const partOf = ({ step, steps }: BatchMetrics): number => Math.floor(((step - 1) * MAX_BATCHES) / steps);

/** Steps that a run's finished epochs took. */
const stepsOf = ({ started, epochs }: CurrentRun): number => {
  const [first] = epochs;
  return started === null || first === undefined ? 0 : (started.steps / first.epochs) * epochs.length;
};

/** The run in hand, live: caught up on connection, then moved by events at a pace that can be followed. */
export class TrainingState {
  /** The engine has said whether a run is in hand: before, neither a run nor its absence may be shown. */
  isKnown: boolean = $state(false);
  run: string | null = $state(null);
  recipe: Recipe | null = $state.raw(null);
  isPaused: boolean = $state(false);
  started: Omit<TrainStarted, 'run'> | null = $state.raw(null);
  progress: Progress | null = $state.raw(null);
  epochs: readonly EpochMetrics[] = $state.raw([]);
  batches: readonly BatchMetrics[] = $state.raw([]);
  samples: readonly SamplePrediction[] = $state.raw([]);
  end: TrainingEnd | null = $state.raw(null);
  /** When the run was started or resumed, in `Date.now()`'s milliseconds. */
  startedAtMs: number = $state(0);

  readonly #connection: Connection;
  #asking: Promise<void> | null = null;
  /** What was heard since the question that is on its way was asked. */
  #heard: HeardEvent[] = [];
  readonly #news = new PacedNews();
  readonly #pace: TrainingPace;

  constructor(connection: Connection, onError: (error: unknown) => void, pace: TrainingPace = PACE) {
    this.#connection = connection;
    this.#pace = pace;
    connection.onLive(() => void this.catchUp().catch(onError));
    this.#listen();
    // A new engine knows of no run, or goes on with the one that its predecessor left.
    connection.on('host.engine', ({ process, state }) => {
      if (process === 'engine' && state === 'ready') void this.catchUp().catch(onError);
    });
  }

  get phase(): TrainingPhase {
    if (this.run === null) return 'idle';
    if (this.end !== null) return this.end.kind === 'failed' ? 'failed' : 'ended';
    if (this.isPaused) return 'paused';
    return this.started === null ? 'starting' : 'training';
  }

  /** A run is in hand: it could be stopped. */
  get isRunning(): boolean {
    return this.run !== null && this.end === null;
  }

  /** There is something to draw, or will be with the next batch. */
  get hasCurves(): boolean {
    return this.started !== null || this.epochs.length > 0;
  }

  get latest(): EpochMetrics | null {
    return this.epochs.at(-1) ?? null;
  }

  /** The epoch whose weights are kept so far. */
  get best(): EpochMetrics | null {
    return this.epochs.reduce<EpochMetrics | null>(
      (best, epoch) => (best === null || isBetterEpoch(epoch.val, best.val) ? epoch : best),
      null,
    );
  }

  /** Whole percent of the run's steps that are done; null before the first step. */
  readonly percent: number | null = $derived.by(() => {
    const batch = this.batches.at(-1);
    return batch === undefined ? null : Math.floor((100 * batch.step) / batch.steps);
  });

  /** Asks for everything that was missed; after a question that is on its way, since its answer may be older. */
  async catchUp(): Promise<void> {
    const before = this.#asking;
    const asking = before === null ? this.#ask() : before.catch(() => undefined).then(() => this.#ask());
    this.#asking = asking;
    try {
      await asking;
    } finally {
      if (this.#asking === asking) this.#asking = null;
    }
  }

  async #ask(): Promise<void> {
    let current: CurrentRun | null;
    // An answer is as old as the moment it was made in, and events may overtake it.
    this.#heard = [];
    try {
      current = await this.#connection.call('train.current', {});
    } finally {
      // An engine that can't answer has no run in hand, either.
      this.isKnown = true;
      this.#news.flush();
    }
    if (current !== null) this.#show(current);
    else if (this.isRunning) this.#lose();
    const heard = this.#heard;
    this.#heard = [];
    for (const { run, take } of heard) {
      if (run === this.run) take();
    }
    const last = heard.at(-1);
    if (last !== undefined && last.run !== this.run && !last.isLast) void this.catchUp().catch(() => undefined);
  }

  #show(current: CurrentRun): void {
    const isSame = this.run === current.run;
    // An engine that went on from a checkpoint knows only of what came since; what this page saw before is still true.
    const firstStep = current.batches[0]?.step ?? stepsOf(current) + 1;
    const seen = isSame ? this.batches.filter(({ step }) => step < firstStep) : [];
    this.run = current.run;
    this.recipe = current.recipe;
    this.isPaused = current.isPaused;
    this.started = current.started;
    this.progress = current.progress;
    this.epochs = current.epochs;
    this.batches = [...seen, ...current.batches];
    if (!isSame || current.samples.length > 0) this.samples = current.samples;
    this.startedAtMs = Date.parse(current.startedAt);
    this.end = null;
  }

  /** The run that was shown has gone with its engine, or ended while nobody listened: the Runs page knows more. */
  #lose(): void {
    this.run = null;
    this.recipe = null;
    this.end = null;
  }

  /** Takes in a run that this page has just started, before its first event. */
  begin(run: string, recipe: Recipe): void {
    this.#news.flush();
    this.run = run;
    this.recipe = recipe;
    this.isPaused = false;
    this.started = null;
    this.progress = null;
    this.epochs = [];
    this.batches = [];
    this.samples = [];
    this.end = null;
    this.startedAtMs = Date.now();
  }

  /** Puts a finished run away, so that another can be set up. */
  dismiss(): void {
    if (!this.isRunning) this.#lose();
  }

  #listen(): void {
    const on = <E extends keyof Events>(name: E, take: (data: Events[E]) => void, paceMs = 0): void =>
      this.#connection.on(name, (data) => {
        const { run } = data as { run: string };
        if (this.#asking !== null) this.#heard.push({ run, take: () => take(data), isLast: LAST_EVENTS.has(name) });
        if (run === this.run) this.#news.add(() => take(data), paceMs);
        // Another window may have started it: then everything about it has to be asked for.
        else if (this.#asking === null) void this.catchUp().catch(() => undefined);
      });
    on('train.started', ({ run: _, ...started }) => {
      this.started = started;
      this.progress = null;
    });
    const { batchMs, epochMs } = this.#pace;
    on('train.progress', ({ progress }) => (this.progress = progress), epochMs);
    on('train.batch', (event) => this.#takeBatch(event), batchMs);
    on(
      'train.epoch',
      ({ run: _, ...epoch }) => {
        this.epochs = [...this.epochs.filter((known) => known.epoch < epoch.epoch), epoch];
      },
      epochMs,
    );
    on('train.samples', ({ samples }) => (this.samples = samples), epochMs);
    on('train.paused', ({ isPaused }) => (this.isPaused = isPaused));
    on('train.ended', ({ run: _, ...ended }) => (this.end = { kind: 'ended', ...ended }));
    on('train.cancelled', () => (this.end = { kind: 'cancelled' }));
    on('train.failed', ({ error }) => (this.end = { kind: 'failed', error }));
  }

  #takeBatch({ run: _, ...batch }: Events['train.batch']): void {
    this.progress = null;
    // A run that goes on from a checkpoint repeats the steps after it.
    const kept = this.batches.findLastIndex((known) => known.step < batch.step && partOf(known) < partOf(batch)) + 1;
    this.batches = [...this.batches.slice(0, kept), batch];
  }
}
