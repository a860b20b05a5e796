import type { EpochMetrics } from '../../shared/reports.js';
import type { RunDetail, RunInfo } from '../../shared/studio.js';
import type { Connection } from './connection.svelte.js';
import type { ProjectState } from './project.svelte.js';

/** The current project's runs, the latest first, and which of them are looked at. */
export class RunsState {
  list: readonly RunInfo[] = $state.raw([]);
  isLoaded: boolean = $state(false);
  /** The run that Evaluate and Export show; by default the latest that has a model. */
  selected: string | null = $state(null);
  /** Runs whose curves are laid over the chart of the Train page. */
  overlaid: readonly string[] = $state.raw([]);
  details: ReadonlyMap<string, RunDetail> = $state.raw(new Map());

  readonly #connection: Connection;
  readonly #project: ProjectState;
  readonly #onError: (error: unknown) => void;
  #projectId: string | null = null;

  constructor(connection: Connection, project: ProjectState, onError: (error: unknown) => void) {
    this.#connection = connection;
    this.#project = project;
    this.#onError = onError;
    connection.on('runs.changed', ({ run }) => {
      this.#forget(run);
      this.#refresh();
    });
    connection.on('projects.changed', ({ project: changed }) => {
      if ((changed?.id ?? null) !== this.#projectId) this.#refresh();
    });
    connection.onLive(() => this.#refresh());
  }

  #refresh(): void {
    void this.refresh().catch(this.#onError);
  }

  #forget(run: string): void {
    const details = new Map(this.details);
    details.delete(run);
    this.details = details;
  }

  async refresh(): Promise<void> {
    const list = await this.#connection.call('runs.list', {});
    this.#projectId = this.#project.project?.id ?? null;
    this.list = list;
    this.isLoaded = true;
    if (!list.some(({ run }) => run === this.selected)) this.selected = null;
    this.overlaid = this.overlaid.filter((run) => list.some((info) => info.run === run));
  }

  /** Runs that have a model to evaluate and export. */
  get finished(): readonly RunInfo[] {
    return this.list.filter(({ best, status }) => best !== null && status !== 'running' && status !== 'interrupted');
  }

  /** The run that Evaluate and Export show. */
  get current(): RunInfo | null {
    return this.finished.find(({ run }) => run === this.selected) ?? this.finished[0] ?? null;
  }

  /** Recipe, epochs and summary of a run; asked for once. */
  async detail(run: string): Promise<RunDetail> {
    const known = this.details.get(run);
    if (known !== undefined) return known;
    const detail = await this.#connection.call('runs.get', { run });
    this.details = new Map(this.details).set(run, detail);
    return detail;
  }

  /** Lays a run's curves over the chart, or takes them off. */
  async toggleOverlay(run: string): Promise<void> {
    if (this.overlaid.includes(run)) {
      this.overlaid = this.overlaid.filter((other) => other !== run);
      return;
    }
    await this.detail(run);
    this.overlaid = [...this.overlaid, run];
  }

  /** Curves of the runs that are laid over, as far as they are loaded. */
  get overlays(): readonly { readonly name: string; readonly run: string; readonly epochs: readonly EpochMetrics[] }[] {
    return this.overlaid.flatMap((run) => {
      const detail = this.details.get(run);
      return detail === undefined ? [] : [{ run, name: detail.info.name, epochs: detail.epochs }];
    });
  }
}
