import { untrack } from 'svelte';
import type { DatasetEdit, ImageFilter } from '../../../shared/contract.js';
import type { ImageItem } from '../../../shared/studio.js';
import { formatPlural } from '../../format.js';
import { ALL_IMAGES, type ImageList, createImageList } from '../../state/images.svelte.js';
import type { Studio } from '../../state/studio.svelte.js';
import { EMPTY, type Selection, addRange, between, isSelected, sizeOf, toggle } from './selection.js';

/** How a click or a key changes the selection. */
export type SelectMode = 'only' | 'toggle' | 'extend';

const SIZE_KEY = 'graft.thumbnail-size';
/** Edge of a thumbnail in the grid, in pixels. */
export const THUMBNAIL_EDGES = { min: 72, max: 256, usual: 132 } as const;

function storedEdge(): number {
  const stored = Number(localStorage.getItem(SIZE_KEY));
  return stored >= THUMBNAIL_EDGES.min && stored <= THUMBNAIL_EDGES.max ? stored : THUMBNAIL_EDGES.usual;
}

/** What the page shows of the data set: filter, grid, selection, and what can be done with it. Dispose of it. */
export class DataView {
  filter: ImageFilter = $state.raw(ALL_IMAGES);
  selection: Selection = $state.raw(EMPTY);
  /** Place that the keys go on from. */
  focused: number = $state(0);
  /** Place that the lightbox shows; null while it is closed. */
  opened: number | null = $state(null);
  isMoving: boolean = $state(false);
  edge: number = $state(storedEdge());
  readonly images: ImageList;

  readonly #studio: Studio;
  #anchor = 0;
  /** Picture at the anchor when the selection was made: when another one is there, the selection means nothing. */
  #anchorPath: string | null = null;
  #generation = 0;
  #total = 0;

  constructor(studio: Studio) {
    this.#studio = studio;
    this.images = createImageList(studio.connection);
  }

  get selected(): number {
    return sizeOf(this.selection);
  }

  get isFiltered(): boolean {
    return this.filter !== ALL_IMAGES && JSON.stringify(this.filter) !== JSON.stringify(ALL_IMAGES);
  }

  /** Keeps up with the data set; to be called in an effect. */
  follow(): void {
    const { summary } = this.#studio.project;
    const { filter } = this;
    if (summary === null) return;
    untrack(() => this.images.follow({ project: summary.project, filter }, summary.revision));
  }

  /** Drops a selection whose places mean other pictures now; to be called in an effect. */
  checkSelection(): void {
    const { generation, total } = this.images;
    const moved =
      this.#anchorPath !== null && (this.images.at(this.#anchor)?.path ?? this.#anchorPath) !== this.#anchorPath;
    untrack(() => {
      if (generation !== this.#generation) {
        this.focused = 0;
        this.opened = null;
      }
      if (generation !== this.#generation || total !== this.#total || moved) this.clearSelection();
      this.focused = Math.max(0, Math.min(this.focused, total - 1));
      if (this.opened !== null && this.opened >= total) this.opened = total === 0 ? null : total - 1;
      this.#generation = generation;
      this.#total = total;
    });
  }

  narrow(change: Partial<ImageFilter>): void {
    this.filter = { ...this.filter, ...change };
  }

  showAll(): void {
    this.filter = ALL_IMAGES;
  }

  resize(edge: number): void {
    this.edge = edge;
    localStorage.setItem(SIZE_KEY, String(edge));
  }

  select(index: number, mode: SelectMode): void {
    this.focused = index;
    if (mode === 'extend') {
      this.selection = addRange(EMPTY, between(this.#anchor, index));
      return;
    }
    this.selection = mode === 'toggle' ? toggle(this.selection, index) : addRange(EMPTY, between(index, index));
    this.#anchorAt(index);
  }

  selectAll(): void {
    if (this.images.total > 0) this.selection = [{ first: 0, last: this.images.total - 1 }];
    this.#anchorAt(0);
  }

  clearSelection(): void {
    this.selection = EMPTY;
    this.#anchorPath = null;
  }

  #anchorAt(index: number): void {
    this.#anchor = index;
    this.#anchorPath = this.images.at(index)?.path ?? null;
  }

  isSelected(index: number): boolean {
    return isSelected(this.selection, index);
  }

  /** Whether all pictures of the selection that are known here are left out, so that the other way is offered. */
  get isSelectionExcluded(): boolean {
    const [range] = this.selection;
    if (range === undefined) return false;
    const known = Array.from({ length: Math.min(range.last - range.first + 1, 50) }, (_, step) =>
      this.images.at(range.first + step),
    );
    return known.every((image) => image?.isExcluded !== false);
  }

  /** Leaves the selected pictures out, or takes them in again. */
  async excludeSelected(isExcluded: boolean): Promise<void> {
    await this.#studio.attempt(async () => await this.exclude(await this.images.items(this.selection), isExcluded));
  }

  async exclude(images: readonly ImageItem[], isExcluded: boolean): Promise<void> {
    const changed = images.filter((image) => image.isExcluded !== isExcluded && image.problem?.severity !== 'excluded');
    if (changed.length === 0) return;
    const count = formatPlural(changed.length, 'picture');
    const label = isExcluded ? `leave out ${count}` : `use ${count} again`;
    const done = isExcluded ? `${count} left out` : `${count} used again`;
    const paths = changed.map(({ path }) => path);
    await this.#edit(label, done, { kind: isExcluded ? 'exclude' : 'include', images: paths });
  }

  /** Gives the selected pictures another class; null is the class of their folder. */
  async moveSelected(className: string | null): Promise<void> {
    await this.#studio.attempt(async () => await this.move(await this.images.items(this.selection), className));
  }

  async move(images: readonly ImageItem[], className: string | null): Promise<void> {
    const moves = images
      .filter((image) => image.className !== className && image.problem?.severity !== 'excluded')
      .map(({ path }) => ({ image: path, className }));
    if (moves.length === 0) return;
    const count = formatPlural(moves.length, 'picture');
    const place = className === null ? 'the class of their folder' : className;
    await this.#edit(`move ${count} to ${place}`, `${count} moved to ${place}`, { kind: 'move', moves });
  }

  async rename(from: string, to: string): Promise<void> {
    if (from === to || to === '') return;
    await this.#studio.attempt(async () => {
      await this.#edit(`rename ${from} to ${to}`, `${from} is called ${to} now`, { kind: 'rename', from, to });
      if (this.filter.className === from) this.narrow({ className: to });
    });
  }

  async #edit(label: string, done: string, edit: DatasetEdit): Promise<void> {
    const { project, toasts, history } = this.#studio;
    await project.editDataset(label, edit);
    toasts.show({
      text: done,
      detail: 'The files stay as they are.',
      action: {
        label: 'Undo',
        run: () =>
          void this.#studio.attempt(async () => {
            // Later changes come first; the menu and Ctrl+Z say which.
            if (history.undoLabel === label) await history.undo();
          }),
      },
    });
  }

  dispose(): void {
    this.images.dispose();
  }
}
