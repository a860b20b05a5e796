import { untrack } from 'svelte';
import type { InputSpec } from '../../../shared/input.js';
import type { ImageItem } from '../../../shared/studio.js';
import { pixelsUrl } from '../../host/host.js';
import { type DrawnTile, openPreview, type Preview } from '../../preview/preview.js';
import type { PreviewSettings } from '../../preview/protocol.js';
import type { Studio } from '../../state/studio.svelte.js';
import { choosePictures } from './choose-pictures.js';
import type { PreviewChoices } from './preview-choices.svelte.js';
import { type GridCell, gridCells, TILE_COUNT, toPreviewTiles } from './tiles.js';

/** What the grid shows, and of which pictures. */
export class PreviewState {
  readonly choices: PreviewChoices;
  /** Null until they are chosen. */
  pictures: readonly ImageItem[] | null = $state.raw(null);
  /** The key of the tile whose original is shown while a pointer or Space is held. */
  compared: string | null = $state(null);

  /** Every tile as it was drawn last. */
  drawn: ReadonlyMap<string, DrawnTile> = $state.raw(new Map());
  failures: ReadonlyMap<string, string> = $state.raw(new Map());
  isDrawing: boolean = $state(true);
  /** The grid shows drafts, until the settings rest. */
  isDraft: boolean = $state(false);
  error: unknown = $state.raw(null);

  readonly #studio: Studio;
  readonly #preview: Preview;
  #paints = new Map<string, Set<(tile: DrawnTile) => void>>();
  #tiles = new Map<string, DrawnTile>();

  constructor(studio: Studio, choices: PreviewChoices) {
    this.#studio = studio;
    this.choices = choices;
    this.#preview = openPreview({
      onTile: (key, tile) => this.#take(key, tile),
      onFailed: (key, message) => (this.failures = new Map(this.failures).set(key, message)),
      onDone: (isDraft) => this.#finish(isDraft),
    });
    $effect(() => () => this.#preview.close());
    $effect(() => this.#choose());
    $effect(() => this.#draw());
  }

  readonly input: InputSpec | null = $derived.by(
    () => this.#studio.backbones.find(({ id }) => id === this.#studio.project.recipe?.backbone.id)?.input ?? null,
  );
  readonly epochs: number = $derived.by(() => this.#studio.project.recipe?.training.epochs ?? 1);
  /** From 1; the run may have become shorter since it was chosen. */
  readonly epoch: number = $derived.by(() => Math.min(this.choices.epoch, this.epochs));
  readonly cells: readonly GridCell[] = $derived.by(() => {
    const { variations, hasOriginals } = this.choices;
    return gridCells(this.pictures ?? [], {
      variations,
      epoch: this.epoch,
      epochs: this.epochs,
      originals: hasOriginals,
    });
  });
  /** Originals of tiles that have none beside them, for comparing. */
  readonly #hidden: readonly GridCell[] = $derived.by(() =>
    this.choices.hasOriginals
      ? []
      : [...new Set(this.cells.map(({ image }) => image))].map((image) => ({
          key: `${image.path}/original`,
          image,
          epoch: null,
        })),
  );
  readonly settings: PreviewSettings | null = $derived.by(() => {
    const { recipe } = this.#studio.project;
    const { input } = this;
    const { look } = this.choices;
    if (recipe === null || input === null) return null;
    return { policy: recipe.augment, seed: recipe.training.seed, input, framing: recipe.data.framing, look };
  });

  /** What the choice of pictures depends on: the data set once it is scanned, or as far as it is. */
  readonly #source: string = $derived.by(() => {
    const { summary, project } = this.#studio.project;
    const train = summary?.classes.map(({ name, train }) => [name, train]) ?? [];
    const isEnough = summary?.state === 'ready' || (summary?.splits.train ?? 0) >= TILE_COUNT;
    if (!isEnough) return '';
    return JSON.stringify([project?.id, summary?.state === 'ready' ? [train, summary.revision] : null]);
  });

  #choose(): (() => void) | undefined {
    const { className, shuffle, picked } = this.choices;
    // Pinning alone moves nothing: it counts with the next choice.
    const pinned = untrack(() => this.choices.pinned);
    if (this.#source === '') return undefined;
    let isOver = false;
    const work = picked === null ? this.#drawLots(className, shuffle, pinned) : this.#lookUp(picked);
    work.then(
      (pictures) => {
        if (isOver) return;
        this.pictures = pictures;
        this.error = null;
      },
      (error: unknown) => {
        if (!isOver) this.error = error;
      },
    );
    return () => (isOver = true);
  }

  async #drawLots(className: string | null, shuffle: number, pinned: readonly ImageItem[]): Promise<ImageItem[]> {
    const { connection, project } = this.#studio;
    const classes = untrack(() => project.summary?.classes ?? []);
    return await choosePictures(
      async (filter, offset, limit) => await connection.call('dataset.images', { filter, offset, limit }),
      { classes, className, shuffle, pinned: await this.#lookUp(pinned), count: TILE_COUNT },
    );
  }

  /** Pictures as they are now, without those that training does not see any more. */
  async #lookUp(images: readonly ImageItem[]): Promise<ImageItem[]> {
    const { connection } = this.#studio;
    const found = await Promise.all(
      images.map(({ path }) => connection.call('dataset.image', { image: path }).catch(() => null)),
    );
    return found.flatMap((image) => (image !== null && image.split === 'train' && !image.isExcluded ? [image] : []));
  }

  #draw(): void {
    const { settings, cells } = this;
    const { recipe } = this.#studio.project;
    if (settings === null || recipe === null || this.pictures === null) return;
    const backbone = recipe.backbone.id;
    const urlOf = (image: ImageItem): string => pixelsUrl(image, backbone);
    const tiles = toPreviewTiles([...cells, ...this.#hidden], recipe.training.views, urlOf);
    const wanted = new Set(tiles.map(({ key }) => key));
    for (const key of this.#tiles.keys()) if (!wanted.has(key)) this.#tiles.delete(key);
    this.isDrawing = true;
    this.#preview.draw(settings, tiles);
  }

  #take(key: string, tile: DrawnTile): void {
    this.#tiles.set(key, tile);
    for (const paint of this.#paints.get(key) ?? []) paint(tile);
    if (!this.failures.has(key)) return;
    const failures = new Map(this.failures);
    failures.delete(key);
    this.failures = failures;
  }

  #finish(isDraft: boolean): void {
    this.isDraft = isDraft;
    this.drawn = new Map(this.#tiles);
    this.isDrawing = false;
  }

  /** Calls `paint` with a tile as it is, and whenever it is drawn anew. Returns what ends that. */
  follow(key: string, paint: (tile: DrawnTile) => void): () => void {
    const paints = this.#paints.get(key) ?? new Set();
    this.#paints.set(key, paints.add(paint));
    const known = this.#tiles.get(key);
    if (known !== undefined) paint(known);
    return () => {
      paints.delete(paint);
      if (paints.size === 0) this.#paints.delete(key);
    };
  }

  /** Draws again what could not be read. */
  retry(): void {
    this.failures = new Map();
    this.#draw();
  }
}
