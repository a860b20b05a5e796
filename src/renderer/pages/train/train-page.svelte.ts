import { type Bounds } from '../../charts/series.js';
import type { Studio } from '../../state/studio.svelte.js';
import type { CurveGroup } from './curves.js';
import { Estimate } from './estimate.svelte.js';
import { type Readiness, findReadiness } from './readiness.js';
import { freshName } from './run-name.js';
import { Weights } from './weights.svelte.js';

/** Where the start of a run stands. */
export type StartStep = 'download' | 'start' | null;

/** What the Train page keeps while other pages are shown. */
export class TrainPageState {
  readonly weights: Weights;
  readonly estimate: Estimate;
  /** Name of the next run; empty for the proposed one. */
  runName: string = $state('');
  isAdvancedOpen: boolean = $state(false);
  startStep: StartStep = $state(null);
  /** Interrupted runs that the user does not want to be offered again. */
  declined: readonly string[] = $state.raw([]);

  hidden: ReadonlySet<CurveGroup> = $state.raw(new Set<CurveGroup>());
  smoothing: number = $state(0.6);
  isLogLoss: boolean = $state(false);
  isTable: boolean = $state(false);
  zoom: Bounds | null = $state.raw(null);

  readonly #studio: Studio;

  constructor(studio: Studio) {
    this.#studio = studio;
    this.weights = new Weights(studio);
    this.estimate = new Estimate(studio);
  }

  /** Null without a project. */
  get readiness(): Readiness | null {
    const { project, backbones, processes } = this.#studio;
    const { recipe, summary } = project;
    return recipe === null ? null : findReadiness({ recipe, summary, backbones, engine: processes.engine });
  }

  /** Name that the next run gets unless the user gives it another. */
  get proposedName(): string {
    const { recipe } = this.#studio.project;
    const backbone = this.#studio.backbones.find(({ id }) => id === recipe?.backbone.id);
    const label = backbone?.label ?? recipe?.backbone.id ?? 'Run';
    const base = recipe?.mode === 'fine-tune' ? `${label}, fine-tuned` : label;
    return freshName(
      base,
      this.#studio.runs.list.map(({ name }) => name),
    );
  }

  toggleGroup(group: CurveGroup): void {
    const hidden = new Set(this.hidden);
    if (!hidden.delete(group)) hidden.add(group);
    this.hidden = hidden;
  }

  /** Fetches what is missing, then starts a run from the draft recipe. */
  async start(): Promise<void> {
    const { readiness } = this;
    const { connection, project, training } = this.#studio;
    if (readiness === null || readiness.kind === 'blocked' || this.startStep !== null || training.isRunning) return;
    await this.#studio.attempt(async () => {
      try {
        if (readiness.kind === 'download') {
          this.startStep = 'download';
          if (!(await this.weights.download(readiness.backbone))) return;
        }
        this.startStep = 'start';
        const recipe = await project.settledRecipe();
        const name = this.runName.trim() === '' ? this.proposedName : this.runName.trim();
        const { run } = await connection.call('runs.reserve', { name });
        await connection.call('train.start', { recipe, out: run });
        training.begin(run, recipe);
        this.runName = '';
        this.zoom = null;
      } finally {
        this.startStep = null;
      }
    });
  }

  /** Goes on with an interrupted run. */
  async resume(run: string): Promise<void> {
    const { connection, training } = this.#studio;
    await this.#studio.attempt(async () => {
      await connection.call('train.resume', { run });
      this.zoom = null;
      await training.catchUp();
    });
  }

  /** Asks the run in hand for something; an answer that it is over already is no news. */
  async command(method: 'train.stop' | 'train.cancel'): Promise<void> {
    const { connection, training } = this.#studio;
    const { run } = training;
    if (run === null) return;
    try {
      await connection.call(method, { run });
    } catch (error) {
      if (training.isRunning) this.#studio.report(error);
    }
  }

  async setPaused(isPaused: boolean): Promise<void> {
    const { connection, training } = this.#studio;
    const { run } = training;
    if (run === null) return;
    await this.#studio.attempt(async () => {
      await connection.call('train.pause', { run, isPaused });
    });
  }
}

const states = new WeakMap<Studio, TrainPageState>();

/** The page's state, made when it is first needed. */
export function trainPageState(studio: Studio): TrainPageState {
  const known = states.get(studio);
  if (known !== undefined) return known;
  const made = new TrainPageState(studio);
  states.set(studio, made);
  return made;
}
