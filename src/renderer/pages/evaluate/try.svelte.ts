import { GraftError } from '../../../shared/errors.js';
import { type Progress, secondsLeft } from '../../../shared/progress.js';
import type { PredictionReport } from '../../../shared/reports.js';
import type { Host } from '../../host/host.js';
import { baseName } from '../../host/paths.js';
import type { Connection } from '../../state/connection.svelte.js';

/** Pictures that the user tries a model on, and what it says. */
export class TryState {
  report: PredictionReport | null = $state.raw(null);
  error: unknown = $state.raw(null);
  progress: Progress | null = $state.raw(null);
  isBusy: boolean = $state(false);
  /** Names that uploaded files had, by what they are called now. */
  readonly #names = new Map<string, string>();
  readonly #connection: Connection;
  readonly #host: Host;
  #abort: AbortController | null = null;
  #startedMs = 0;
  #followed: string | null = null;

  constructor(connection: Connection, host: Host) {
    this.#connection = connection;
    this.#host = host;
  }

  get secondsLeft(): number | null {
    return this.progress === null ? null : secondsLeft(this.progress, (performance.now() - this.#startedMs) / 1000);
  }

  /** What the user calls a picture. */
  nameOf(path: string): string {
    const base = baseName(path);
    return this.#names.get(base) ?? base;
  }

  cancel(): void {
    this.#abort?.abort();
  }

  /** Another run has not been asked yet: drops what was said by, or is being asked of, the one before. */
  follow(run: string): void {
    if (run === this.#followed) return;
    this.#followed = run;
    this.cancel();
    this.#abort = null;
    this.report = null;
    this.error = null;
    this.isBusy = false;
  }

  /** Asks a run about files that were dropped, picked or photographed. */
  async tryFiles(run: string, files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    await this.#work(async (signal) => {
      const known = await this.#host.pathsOf(files);
      return await this.#predict(run, known ?? [await this.#upload(files, signal)], signal);
    });
  }

  /** Asks a run about files and folders that the host can read by itself. */
  async tryPaths(run: string, paths: readonly string[]): Promise<void> {
    await this.#work((signal) => this.#predict(run, paths, signal));
  }

  async #work(work: (signal: AbortSignal) => Promise<PredictionReport>): Promise<void> {
    this.cancel();
    const abort = new AbortController();
    this.#abort = abort;
    this.isBusy = true;
    this.error = null;
    this.progress = null;
    this.#startedMs = performance.now();
    try {
      const report = await work(abort.signal);
      if (this.#abort === abort) this.report = report;
    } catch (error) {
      const isCancelled = error instanceof GraftError && error.code === 'cancelled';
      if (this.#abort === abort && !isCancelled) this.error = error;
    } finally {
      if (this.#abort === abort) this.isBusy = false;
    }
  }

  async #predict(run: string, paths: readonly string[], signal: AbortSignal): Promise<PredictionReport> {
    const onProgress = (progress: Progress): void => void (this.progress = progress);
    return await this.#connection.call(
      'run.predict',
      { model: run, paths: [...paths], framing: null },
      { signal, onProgress },
    );
  }

  async #upload(files: readonly File[], signal: AbortSignal): Promise<string> {
    const { upload } = await this.#connection.call('host.beginUpload', { name: 'try' });
    const total = files.reduce((sum, file) => sum + file.size, 0);
    let sent = 0;
    for (const [index, file] of files.entries()) {
      // Numbered, because two pictures of different folders may have one name.
      const name = `${String(index + 1).padStart(4, '0')}-${file.name}`;
      this.#names.set(name, file.name);
      await this.#host.sendFile(upload, name, file, {
        signal,
        onBytes: (bytes) => (this.progress = { task: 'upload', done: sent + bytes, total, unit: 'bytes' }),
      });
      sent += file.size;
    }
    return (await this.#connection.call('host.finishUpload', { upload }, { signal })).path;
  }
}
