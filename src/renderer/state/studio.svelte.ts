import { getContext, setContext } from 'svelte';
import type { BackboneInfo, EngineInfo } from '../../shared/reports.js';
import type { EngineState, HostInfo } from '../../shared/studio.js';
import type { Host } from '../host/host.js';
import { Connection } from './connection.svelte.js';
import { explainError, isCancelled } from './errors.js';
import { History } from './history.svelte.js';
import { ProjectState } from './project.svelte.js';
import { Router } from './router.svelte.js';
import { RunsState } from './runs.svelte.js';
import { Theme } from './theme.svelte.js';
import { Toasts } from './toasts.svelte.js';
import { TrainingState } from './training.svelte.js';

type ProcessName = EngineState['process'];

/** A change of the engine's memory by less than this share is not shown. */
const MEMORY_NEWS = 0.02;

/** Everything that pages share: one for the page's life, handed down by context. */
export class Studio {
  readonly host: Host;
  readonly connection: Connection;
  readonly router = new Router();
  readonly theme = new Theme();
  readonly toasts = new Toasts();
  readonly history = new History();
  readonly project: ProjectState;
  readonly training: TrainingState;
  readonly runs: RunsState;

  info: HostInfo | null = $state.raw(null);
  engine: EngineInfo | null = $state.raw(null);
  backbones: readonly BackboneInfo[] = $state.raw([]);
  processes: Readonly<Record<ProcessName, EngineState>> = $state.raw({
    engine: { process: 'engine', state: 'starting', message: null },
    library: { process: 'library', state: 'starting', message: null },
  });
  /** Resident memory of the engine, in bytes; null until it has said so. */
  engineBytes: number | null = $state(null);
  /** Dialogs of the shell that any page may open. */
  isPaletteOpen: boolean = $state(false);
  isFolderPickerOpen: boolean = $state(false);
  /** A command asked for a run; the Train page takes it up once it can, and clears it. */
  isStartRequested: boolean = $state(false);

  constructor(host: Host) {
    this.host = host;
    const report = (error: unknown): void => this.report(error);
    this.connection = new Connection(host);
    this.project = new ProjectState(this.connection, this.history, report);
    this.training = new TrainingState(this.connection, report);
    this.runs = new RunsState(this.connection, this.project, report);
    this.connection.on('engine.stats', ({ rssBytes }) => {
      // What goes up and down a little all the time would have the page drawn for it alone.
      const isNews = Math.abs(rssBytes - (this.engineBytes ?? 0)) > MEMORY_NEWS * rssBytes;
      if (isNews) this.engineBytes = rssBytes;
    });
    this.connection.on('host.engine', (state) => this.#hearOf(state));
    this.connection.onLive(() => void this.#load().catch(report));
    void this.connection.open();
  }

  async #load(): Promise<void> {
    const info = await this.connection.call('host.info', {});
    this.info = info;
    this.processes = {
      ...this.processes,
      ...Object.fromEntries(info.processes.map((state) => [state.process, state])),
    };
    await this.#loadEngine();
  }

  async #loadEngine(): Promise<void> {
    [this.engine, this.backbones] = await Promise.all([
      this.connection.call('engine.info', {}),
      this.connection.call('backbones.list', {}),
    ]);
  }

  #hearOf(state: EngineState): void {
    const before = this.processes[state.process].state;
    this.processes = { ...this.processes, [state.process]: state };
    if (state.process !== 'engine') return;
    if (state.state === 'ready' && before !== 'ready') void this.#loadEngine().catch((error) => this.report(error));
    if (state.state === 'restarting' && state.message !== null) {
      this.toasts.show({ kind: 'error', text: 'The engine stopped and starts again', detail: state.message });
    }
  }

  async refreshBackbones(): Promise<void> {
    this.backbones = await this.connection.call('backbones.list', {});
  }

  /** Tells the user of an error; what the user cancelled is none. */
  report(error: unknown): void {
    if (isCancelled(error)) return;
    const { title, detail, remedy } = explainError(error);
    this.toasts.show({ kind: 'error', text: title, detail: remedy === null ? detail : `${detail} ${remedy}` });
  }

  /** Runs something that the user asked for and reports what goes wrong. Resolves to whether it worked. */
  async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.report(error);
      return false;
    }
  }
}

const KEY = Symbol('studio');

/** Hands the studio to every component below. */
export function provideStudio(studio: Studio): void {
  setContext(KEY, studio);
}

/** The studio that {@link provideStudio} handed down. */
export function useStudio(): Studio {
  return getContext<Studio>(KEY);
}
