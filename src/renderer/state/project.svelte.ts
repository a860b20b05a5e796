import type { DatasetEdit } from '../../shared/contract.js';
import { GraftError } from '../../shared/errors.js';
import type { Recipe } from '../../shared/recipe.js';
import type { CallOptions } from '../../shared/rpc.js';
import type { DatasetSummary, Project, RecentProject } from '../../shared/studio.js';
import type { Connection } from './connection.svelte.js';
import type { Change, History } from './history.svelte.js';

/** Edits of a slider that follow within this time are sent, and taken back, as one. */
const SETTLE_MS = 250;

/**
 * The open project: its recipe as the user edits it, and its data set's summary. Edits show at once and are sent when they
 * settle; what other windows change arrives by events.
 */
export class ProjectState {
  project: Project | null = $state.raw(null);
  /** The recipe with edits that are still on their way; null without a project. */
  recipe: Recipe | null = $state.raw(null);
  summary: DatasetSummary | null = $state.raw(null);
  recents: readonly RecentProject[] = $state.raw([]);
  /** Until the first answer: neither a project nor its absence may be shown. */
  isLoaded: boolean = $state(false);

  readonly #connection: Connection;
  readonly #history: History;
  readonly #onError: (error: unknown) => void;
  #settle: { readonly timer: ReturnType<typeof setTimeout>; readonly before: Recipe; readonly label: string } | null =
    null;
  #sending: Promise<void> = Promise.resolve();

  constructor(connection: Connection, history: History, onError: (error: unknown) => void) {
    this.#connection = connection;
    this.#history = history;
    this.#onError = onError;
    connection.on('projects.changed', ({ project }) => this.#adopt(project));
    connection.on('projects.listed', () => void this.refreshRecents().catch(onError));
    connection.on('dataset.changed', ({ summary }) => (this.summary = summary));
    connection.onLive(() => void this.#load().catch(onError));
  }

  async #load(): Promise<void> {
    const [project, summary, recents] = await Promise.all([
      this.#connection.call('projects.current', {}),
      this.#connection.call('dataset.summary', {}),
      this.#connection.call('projects.list', {}),
    ]);
    this.#adopt(project);
    this.summary = summary;
    this.recents = recents;
    this.isLoaded = true;
  }

  #adopt(project: Project | null): void {
    const isOther = project?.id !== this.project?.id;
    if (isOther) {
      this.#history.clear();
      this.#dropSettling();
      this.summary = null;
    }
    this.project = project;
    if (isOther || this.#settle === null) this.recipe = project?.recipe ?? null;
    if (isOther) void this.refreshRecents().catch(this.#onError);
  }

  #dropSettling(): void {
    if (this.#settle !== null) clearTimeout(this.#settle.timer);
    this.#settle = null;
  }

  async refreshRecents(): Promise<void> {
    this.recents = await this.#connection.call('projects.list', {});
  }

  /** Opens a folder or an archive. */
  async open(path: string): Promise<void> {
    await this.flush();
    this.#adopt(await this.#connection.call('projects.open', { path }));
    this.summary = await this.#connection.call('dataset.summary', {});
  }

  /** Makes or fetches a sample data set and opens it. */
  async openSample(sample: 'shapes' | 'hymenoptera', options: CallOptions): Promise<void> {
    await this.flush();
    this.#adopt(await this.#connection.call('projects.openSample', { sample }, options));
    this.summary = await this.#connection.call('dataset.summary', {});
  }

  /**
   * Changes the recipe. It shows at once; edits under the same label that follow quickly become one step of undo.
   *
   * @param label what the edit does, as in "Undo <label>"
   */
  edit(label: string, change: (recipe: Recipe) => Recipe): void {
    const before = this.recipe;
    if (before === null) return;
    if (this.#settle !== null && this.#settle.label !== label) void this.flush().catch(this.#onError);
    this.recipe = change(before);
    const first = this.#settle?.before ?? before;
    if (this.#settle !== null) clearTimeout(this.#settle.timer);
    const timer = setTimeout(() => void this.flush().catch(this.#onError), SETTLE_MS);
    this.#settle = { timer, before: first, label };
  }

  /** Sends an edit that has not settled yet: before anything that reads the recipe on the other side. */
  async flush(): Promise<void> {
    const settling = this.#settle;
    const after = this.recipe;
    if (settling !== null && after !== null) {
      this.#dropSettling();
      const { before, label } = settling;
      this.#history.add({ label, undo: () => this.#send(before), redo: () => this.#send(after) });
      await this.#send(after);
    }
    await this.#sending;
  }

  #send(recipe: Recipe): Promise<void> {
    this.recipe = recipe;
    this.#sending = this.#sending.then(() => this.#sendNow(recipe));
    return this.#sending;
  }

  async #sendNow(recipe: Recipe): Promise<void> {
    const revision = this.project?.revision ?? 0;
    try {
      this.#adopt(await this.#connection.call('projects.update', { recipe, revision }));
    } catch (error) {
      // What was meant is not lost silently: the newest state is shown and the error says so.
      const project = await this.#connection.call('projects.current', {});
      this.project = project;
      this.recipe = project?.recipe ?? null;
      this.#onError(error);
    }
  }

  /**
   * Changes the overlay of the data set, with undo.
   *
   * @returns the change, as the history has it
   */
  async editDataset(label: string, edit: DatasetEdit): Promise<Change> {
    await this.flush();
    let { undo } = await this.#connection.call('dataset.edit', { edit });
    const change: Change = {
      label,
      undo: async () => {
        await this.#connection.call('dataset.edit', { edit: undo });
      },
      redo: async () => {
        ({ undo } = await this.#connection.call('dataset.edit', { edit }));
      },
    };
    this.#history.add(change);
    return change;
  }

  /**
   * The recipe for calls that need one.
   *
   * @throws GraftError `not-found` without a project
   */
  async settledRecipe(): Promise<Recipe> {
    await this.flush();
    if (this.recipe === null) throw new GraftError('not-found', 'expected an open data set: open one on the Data page');
    return this.recipe;
  }
}
