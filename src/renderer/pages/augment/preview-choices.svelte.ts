import type { ImageItem } from '../../../shared/studio.js';
import type { PreviewLook } from '../../preview/protocol.js';
import type { Studio } from '../../state/studio.svelte.js';
import type { Variations } from './tiles.js';

/** What the user has set up in the preview; it outlives a visit to another page. */
export class PreviewChoices {
  readonly projectId: string | null;
  /** Pictures that stay when others are shuffled. */
  pinned: readonly ImageItem[] = $state.raw([]);
  /** Pictures that the user picked; null where they are drawn by lot. */
  picked: readonly ImageItem[] | null = $state.raw(null);
  /** Only pictures of this class; null for all. */
  className: string | null = $state(null);
  shuffle: number = $state(0);
  variations: Variations = $state(1);
  epoch: number = $state(1);
  hasOriginals: boolean = $state(false);
  look: PreviewLook = $state('pixels');

  constructor(projectId: string | null) {
    this.projectId = projectId;
  }

  isPinned(image: ImageItem): boolean {
    return this.pinned.some(({ path }) => path === image.path);
  }

  togglePin(image: ImageItem): void {
    this.pinned = this.isPinned(image)
      ? this.pinned.filter(({ path }) => path !== image.path)
      : [...this.pinned, image];
  }
}

const kept = new WeakMap<Studio, PreviewChoices>();

/** The choices for the open project; new ones for another. */
export function choicesOf(studio: Studio): PreviewChoices {
  const projectId = studio.project.project?.id ?? null;
  const known = kept.get(studio);
  if (known !== undefined && known.projectId === projectId) return known;
  const choices = new PreviewChoices(projectId);
  kept.set(studio, choices);
  return choices;
}
