import type { AugmentPolicy } from '../../shared/augment/policy.js';
import type { Size } from '../../shared/augment/op.js';
import type { Framing, InputSpec } from '../../shared/input.js';

/** How a drawn square is shown: as pixels, or as the tensor that the network is given. */
export type PreviewLook = 'pixels' | 'tensor';

/** What every tile of a drawing is drawn with; the same that a run's batches are made with. */
export interface PreviewSettings {
  readonly policy: AugmentPolicy;
  readonly seed: number;
  readonly input: InputSpec;
  readonly framing: Framing;
  readonly look: PreviewLook;
}

/** One square to draw. */
export interface PreviewTile {
  /** Names it: what is drawn for it goes where this says. */
  readonly key: string;
  /** Content hash of the picture: what its dice are keyed by. */
  readonly imageId: string;
  /** Address of its source pixels. */
  readonly url: string;
  /** Of the dice; null for the evaluation's framing. */
  readonly view: number | null;
}

/** What a worker is told: all that is to be seen now. The newest counts. */
export interface PreviewRequest {
  readonly id: number;
  readonly settings: PreviewSettings;
  /** Coarse, for what moves: not byte by byte what training sees. */
  readonly isDraft: boolean;
  readonly tiles: readonly PreviewTile[];
}

/**
 * Tiles go on together, when the last of a request is drawn or so long after the first: a message and a frame for every
 * few would take the processor time that they are drawn in.
 */
export const HOLD_MS = 40;

/** What a worker answers, several in a message: tile by tile, and once all tiles of a request are as it wants them. */
export type PreviewReply =
  | {
      readonly kind: 'tile';
      readonly request: number;
      readonly key: string;
      readonly size: number;
      /** RGBA, `size` squared; its buffer changes hands. */
      readonly pixels: Uint8ClampedArray<ArrayBuffer>;
      /** Of the source pixels: what a crop's box is measured in. */
      readonly source: Size;
    }
  | { readonly kind: 'failed'; readonly request: number; readonly key: string; readonly message: string }
  | { readonly kind: 'done'; readonly request: number };
