import type { DatasetProblem } from '../../../shared/reports.js';

export type Split = 'train' | 'val' | 'test';

/** A usable picture of a data set. */
export interface DatasetImage {
  /** sha256 of the file's bytes, in hex: what dice and caches go by. */
  readonly id: string;
  /** Relative to the data set's root, with `/`. */
  readonly path: string;
  /** Absolute. */
  readonly file: string;
  readonly classIndex: number;
  /** `train` also where the folder has no splits. */
  readonly split: Split;
  /** In pixels, after the turn that EXIF asks for. */
  readonly width: number;
  readonly height: number;
  readonly sizeBytes: number;
  readonly format: string;
}

/** What a folder or an archive holds. */
export interface Dataset {
  /** The folder as given, or the archive. */
  readonly root: string;
  readonly layout: 'classes' | 'splits';
  /** Sorted by code point, as torchvision's ImageFolder sorts. */
  readonly classes: readonly string[];
  /** Sorted by path. */
  readonly images: readonly DatasetImage[];
  readonly problems: readonly DatasetProblem[];
  /** Identifies names, bytes, classes and splits. */
  readonly fingerprint: string;
}
