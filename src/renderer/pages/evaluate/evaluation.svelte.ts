import type { Progress } from '../../../shared/progress.js';
import { secondsLeft } from '../../../shared/progress.js';
import type { EvaluationReport } from '../../../shared/reports.js';
import type { SplitName } from '../../../shared/studio.js';
import type { Connection } from '../../state/connection.svelte.js';
import { isCancelled } from '../../state/errors.js';

/** Measures one run on one split and keeps what it found while the page is shown. */
export class EvaluationState {
  report: EvaluationReport | null = $state.raw(null);
  error: unknown = $state.raw(null);
  progress: Progress | null = $state.raw(null);
  isBusy: boolean = $state(false);
  #abort: AbortController | null = null;
  #startedMs = 0;
  #shown = '';
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Seconds that are left, from the speed so far; null while nothing can be said. */
  get secondsLeft(): number | null {
    return this.progress === null ? null : secondsLeft(this.progress, (performance.now() - this.#startedMs) / 1000);
  }

  /** Shows a run on a split; what is shown already stays. */
  async show(run: string, split: SplitName): Promise<void> {
    const key = JSON.stringify([run, split]);
    if (key === this.#shown && this.error === null) return;
    this.cancel();
    this.#shown = key;
    const abort = new AbortController();
    this.#abort = abort;
    this.report = null;
    this.error = null;
    this.progress = null;
    this.isBusy = true;
    this.#startedMs = performance.now();
    try {
      const report = await this.#connection.call(
        'run.evaluate',
        { run, data: null, split },
        { signal: abort.signal, onProgress: (progress) => (this.progress = progress) },
      );
      if (this.#abort === abort) this.report = report;
    } catch (error) {
      if (this.#abort === abort) this.error = error;
      if (isCancelled(error)) this.#shown = '';
    } finally {
      if (this.#abort === abort) this.isBusy = false;
    }
  }

  cancel(): void {
    this.#abort?.abort();
  }
}
