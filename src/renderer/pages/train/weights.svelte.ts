import { type Progress, secondsLeft } from '../../../shared/progress.js';
import type { BackboneInfo } from '../../../shared/reports.js';
import { type Explanation, explainError, isCancelled } from '../../state/errors.js';
import type { Studio } from '../../state/studio.svelte.js';

export type WeightsTask = 'download' | 'measure' | 'import';

/** Work on a backbone that goes on. */
export interface WeightsWork {
  readonly task: WeightsTask;
  readonly progress: Progress | null;
  readonly secondsLeft: number | null;
  readonly cancel: () => void;
}

/** Downloads, imports and measurements of backbones. They outlive the page: the user may look elsewhere meanwhile. */
export class Weights {
  /** By backbone. */
  work: ReadonlyMap<string, WeightsWork> = $state.raw(new Map());
  failures: ReadonlyMap<string, Explanation> = $state.raw(new Map());
  readonly #studio: Studio;

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  async #run(
    id: string,
    task: WeightsTask,
    call: (options: { signal: AbortSignal; onProgress: (progress: Progress) => void }) => Promise<unknown>,
  ): Promise<boolean> {
    if (this.work.has(id)) return false;
    const controller = new AbortController();
    const startedMs = performance.now();
    const show = (progress: Progress | null): void => {
      const elapsed = (performance.now() - startedMs) / 1000;
      const left = progress === null ? null : secondsLeft(progress, elapsed);
      const next = { task, progress, secondsLeft: left, cancel: () => controller.abort() };
      this.work = new Map(this.work).set(id, next);
    };
    this.#forgetFailure(id);
    show(null);
    try {
      await call({ signal: controller.signal, onProgress: show });
      await this.#studio.refreshBackbones();
      return true;
    } catch (error) {
      if (!isCancelled(error)) this.failures = new Map(this.failures).set(id, explainError(error));
      return false;
    } finally {
      const work = new Map(this.work);
      work.delete(id);
      this.work = work;
    }
  }

  #forgetFailure(id: string): void {
    const failures = new Map(this.failures);
    failures.delete(id);
    this.failures = failures;
  }

  /** Fetches the weights. Resolves to whether they are there. */
  async download({ id }: BackboneInfo): Promise<boolean> {
    return await this.#run(id, 'download', (options) =>
      this.#studio.connection.call('backbones.download', { id }, options),
    );
  }

  /** Times the backbone on this machine. */
  async measure({ id }: BackboneInfo): Promise<boolean> {
    return await this.#run(id, 'measure', (options) =>
      this.#studio.connection.call('backbones.measure', { id }, options),
    );
  }

  /** Takes the weights from a file that the host's dialog asks for. */
  async pick(backbone: BackboneInfo): Promise<boolean> {
    const title = `Weights of ${backbone.label}`;
    const picked = await this.#studio.connection.call('host.pick', { kind: 'weights', title });
    return picked !== null && (await this.#import(backbone, async () => picked.path));
  }

  /** Takes the weights from a file of the browser, which is sent first. */
  async upload(backbone: BackboneInfo, file: File): Promise<boolean> {
    const { connection, host } = this.#studio;
    return await this.#import(backbone, async (signal, onProgress) => {
      const { upload } = await connection.call('host.beginUpload', { name: backbone.id });
      const onBytes = (done: number): void => onProgress({ task: 'upload', done, total: file.size, unit: 'bytes' });
      await host.sendFile(upload, file.name, file, { signal, onBytes });
      return (await connection.call('host.finishUpload', { upload })).path;
    });
  }

  async #import(
    { id }: BackboneInfo,
    find: (signal: AbortSignal, onProgress: (progress: Progress) => void) => Promise<string>,
  ): Promise<boolean> {
    return await this.#run(id, 'import', async ({ signal, onProgress }) => {
      const file = await find(signal, onProgress);
      await this.#studio.connection.call('backbones.import', { id, file }, { signal, onProgress });
    });
  }
}
