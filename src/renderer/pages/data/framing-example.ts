import type { Framing } from '../../../shared/input.js';
import type { ImageItem } from '../../../shared/studio.js';
import { formatPercent } from '../../format.js';

/** How long a picture is against its width, or the other way round; 1 for a square. */
const stretch = ({ width, height }: Pick<ImageItem, 'width' | 'height'>): number =>
  Math.max(width, height) / Math.max(1, Math.min(width, height));

/** About what cameras make: what happens to such a picture happens to most. */
const TYPICAL_STRETCH = [1.25, 1.8] as const;

/** The picture that shows what a framing does: the first of a camera's proportions, else the longest against its width. */
export function chooseExample(images: readonly ImageItem[]): ImageItem | null {
  const usable = images.filter(({ width, problem }) => width > 0 && problem?.severity !== 'excluded');
  const [least, most] = TYPICAL_STRETCH;
  const typical = usable.find((image) => stretch(image) >= least && stretch(image) <= most);
  if (typical !== undefined) return typical;
  return usable.reduce<ImageItem | null>(
    (best, image) => (best === null || stretch(image) > stretch(best) ? image : best),
    null,
  );
}

/**
 * What a framing does, in a sentence.
 *
 * @param lost share of the picture that is cut away, 0..1
 */
export function framingWords(framing: Framing, lost: number): string {
  if (framing === 'squash') return 'The whole picture is used; its proportions change.';
  if (framing === 'letterbox') return 'The whole picture is used, smaller, with plain bars beside it.';
  return lost < 0.005
    ? 'The middle square is used.'
    : `The middle square is used: ${formatPercent(lost, 0)} of this picture is cut away.`;
}
