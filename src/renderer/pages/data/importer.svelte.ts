import type { Progress } from '../../../shared/progress.js';
import { type Incoming, importPictures } from '../../host/import.js';
import type { Studio } from '../../state/studio.svelte.js';

/** Bringing a data set in, as far as it has come. */
export interface ImportJob {
  readonly title: string;
  readonly progress: Progress | null;
  readonly startedAtMs: number;
}

type Sample = 'shapes' | 'hymenoptera';

const SAMPLE_TITLES = { shapes: 'Drawing the shapes', hymenoptera: 'Getting ants and bees' } as const;

/** Brings data sets in: drops, picks, samples, projects of before. It goes on while another page is shown. */
export class Importer {
  job: ImportJob | null = $state.raw(null);
  readonly #studio: Studio;
  #abort: AbortController | null = null;

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  /** What was dropped or picked; sends it where the host can't tell where it lies. */
  async take(incoming: Incoming): Promise<void> {
    const { host, connection, project } = this.#studio;
    const port = {
      pathsOf: (files: readonly File[]) => host.pathsOf(files),
      sendFile: host.sendFile.bind(host),
      beginUpload: (name: string) => connection.call('host.beginUpload', { name }),
      finishUpload: (upload: string) => connection.call('host.finishUpload', { upload }),
    };
    await this.#run('Bringing in your pictures', async (options) => {
      await project.open(await importPictures(incoming, port, options));
    });
  }

  async open(path: string): Promise<void> {
    await this.#run('Opening', async () => await this.#studio.project.open(path));
  }

  async openSample(sample: Sample): Promise<void> {
    await this.#run(SAMPLE_TITLES[sample], async (options) => await this.#studio.project.openSample(sample, options));
  }

  cancel(): void {
    this.#abort?.abort();
  }

  async #run(
    title: string,
    work: (options: { signal: AbortSignal; onProgress: (progress: Progress) => void }) => Promise<void>,
  ): Promise<void> {
    if (this.job !== null) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.job = { title, progress: null, startedAtMs: Date.now() };
    await this.#studio.attempt(async () => {
      await work({
        signal: abort.signal,
        onProgress: (progress) => {
          if (this.job !== null) this.job = { ...this.job, progress };
        },
      });
    });
    this.job = null;
    this.#abort = null;
  }
}

const importers = new WeakMap<Studio, Importer>();

/** The studio's importer: one, whichever page is shown. */
export function importerOf(studio: Studio): Importer {
  const known = importers.get(studio);
  if (known !== undefined) return known;
  const importer = new Importer(studio);
  importers.set(studio, importer);
  return importer;
}
