import type { PixelImage } from '../image.js';
import type { InputSpec } from '../input.js';
import type { RandomStream } from '../random.js';
import type { Box } from '../resize.js';
import type { Matrix } from './matrix.js';

interface NumericSpec {
  readonly label: string;
  /** Natural unit as shown to the user: `°`, `px`, `×`, `%`, or nothing. */
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** Of a slider. */
  readonly step: number;
}

/** One setting of an op: what it is called, in which unit, between which bounds. Sliders and checks are made from it. */
export type ParamSpec =
  | ({
      readonly kind: 'number';
      readonly default: number;
      /** Only `min` and whole steps above it are allowed. */
      readonly isStepped?: boolean;
    } & NumericSpec)
  | ({ readonly kind: 'range'; readonly default: readonly [low: number, high: number] } & NumericSpec)
  | { readonly kind: 'choice'; readonly label: string; readonly choices: readonly string[]; readonly default: string };

export type ParamValue = number | readonly [number, number] | string;

type ValueOf<S extends ParamSpec> = S['kind'] extends 'number'
  ? number
  : S['kind'] extends 'range'
    ? readonly [number, number]
    : string;

export type ValuesOf<P extends Readonly<Record<string, ParamSpec>>> = { readonly [K in keyof P]: ValueOf<P[K]> };

/** An op with its dice thrown: a name and concrete JSON values. */
export interface PlannedOp {
  readonly op: string;
}

/** A picture's size, in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

interface OpBase {
  /** torchvision's name in snake case. */
  readonly id: string;
  readonly label: string;
  /** One sentence. */
  readonly description: string;
  readonly params: Readonly<Record<string, ParamSpec>>;
  /** Probability with which it is applied unless the user says otherwise. */
  readonly defaultP: number;
}

/** Chooses the part of the source that becomes the square. At most one a policy, in first place. */
export interface FrameOp extends OpBase {
  readonly kind: 'frame';
  sample(values: Readonly<Record<string, ParamValue>>, rng: RandomStream, source: Size): Box;
}

/** Changes the square. */
export interface SquareOp extends OpBase {
  readonly kind: 'geometric' | 'pixels';
  /** @param square size of the square, in pixels */
  sample(values: Readonly<Record<string, ParamValue>>, rng: RandomStream, square: Size): readonly PlannedOp[];
}

export type AugmentOp = FrameOp | SquareOp;

/** What draws planned ops of one name. */
export type Primitive =
  | {
      readonly op: string;
      readonly kind: 'geometric';
      /** Maps output coordinates to input coordinates; pixel centres lie at halves. */
      matrix(planned: PlannedOp, square: Size): Matrix;
    }
  | {
      readonly op: string;
      readonly kind: 'pixels';
      /** May change the picture in place or return another of the same size. */
      apply(image: PixelImage, planned: PlannedOp, input: InputSpec): PixelImage;
    };

/** Types an op's `sample` by its own table of parameters. */
export function defineOp<P extends Readonly<Record<string, ParamSpec>>>(
  op: Omit<SquareOp, 'sample' | 'params'> & {
    readonly params: P;
    sample(values: ValuesOf<P>, rng: RandomStream, square: Size): readonly PlannedOp[];
  },
): SquareOp {
  return op;
}

/** As {@link defineOp}, for the op that frames. */
export function defineFrameOp<P extends Readonly<Record<string, ParamSpec>>>(
  op: Omit<FrameOp, 'sample' | 'params'> & {
    readonly params: P;
    sample(values: ValuesOf<P>, rng: RandomStream, source: Size): Box;
  },
): FrameOp {
  return op;
}

/** Types a geometric primitive by its own planned op. */
export function defineGeometric<T extends PlannedOp>(
  op: T['op'],
  matrix: (planned: T, square: Size) => Matrix,
): Primitive {
  return { op, kind: 'geometric', matrix: (planned, square) => matrix(planned as T, square) };
}

/** Types a pixel primitive by its own planned op. */
export function definePixels<T extends PlannedOp>(
  op: T['op'],
  apply: (image: PixelImage, planned: T, input: InputSpec) => PixelImage,
): Primitive {
  return { op, kind: 'pixels', apply: (image, planned, input) => apply(image, planned as T, input) };
}
