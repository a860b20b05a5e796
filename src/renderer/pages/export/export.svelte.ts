import type { Progress } from '../../../shared/progress.js';
import type { ExportFormat } from '../../../shared/live-reports.js';
import type { ExportReport } from '../../../shared/reports.js';
import type { Connection } from '../../state/connection.svelte.js';
import { isCancelled } from '../../state/errors.js';

/** Exports of the page's life: what is in progress and what came of it. */
export class ExportState {
  formats: readonly ExportFormat[] = $state.raw([]);
  /** Format that is being written. */
  busy: string | null = $state(null);
  progress: Progress | null = $state.raw(null);
  /** By run and format. */
  reports: ReadonlyMap<string, ExportReport> = $state.raw(new Map());
  errors: ReadonlyMap<string, unknown> = $state.raw(new Map());
  readonly #connection: Connection;
  #abort: AbortController | null = null;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async load(): Promise<void> {
    this.formats = await this.#connection.call('export.formats', {});
  }

  reportOf(run: string, format: string): ExportReport | null {
    return this.reports.get(keyOf(run, format)) ?? null;
  }

  errorOf(run: string, format: string): unknown {
    return this.errors.get(keyOf(run, format)) ?? null;
  }

  cancel(): void {
    this.#abort?.abort();
  }

  /** Writes a run's model into the new folder `out`. */
  async export(run: string, format: string, out: string): Promise<void> {
    const key = keyOf(run, format);
    const abort = new AbortController();
    this.#abort = abort;
    this.busy = format;
    this.progress = null;
    const errors = new Map(this.errors);
    errors.delete(key);
    this.errors = errors;
    try {
      const report = await this.#connection.call(
        'run.export',
        { run, format, out },
        { signal: abort.signal, onProgress: (progress) => (this.progress = progress) },
      );
      this.reports = new Map(this.reports).set(key, report);
    } catch (error) {
      if (!isCancelled(error)) this.errors = new Map(this.errors).set(key, error);
    } finally {
      this.busy = null;
    }
  }
}

const keyOf = (run: string, format: string): string => JSON.stringify([run, format]);
