import { frameImage } from '../framing.js';
import type { PixelImage } from '../image.js';
import type { InputSpec } from '../input.js';
import { resizeImage } from '../resize.js';
import { multiply, type Matrix, sampleThrough } from './matrix.js';
import type { PlannedOp } from './op.js';
import type { AugmentPlan } from './plan.js';
import { primitiveOf } from './registry.js';

/** One step of drawing: a matrix that geometric ops made together, or an op on pixels. */
type Stage =
  { readonly kind: 'sample'; readonly matrix: Matrix } | { readonly kind: 'pixels'; readonly planned: PlannedOp };

/** What a source was last drawn to, stage by stage: a plan that begins alike goes on from there. */
export interface RenderMemo {
  /** `image` is not changed any more. */
  readonly stages: { readonly key: string; readonly image: PixelImage }[];
}

function frame(source: PixelImage, { input, frame }: AugmentPlan): PixelImage {
  return frame.kind === 'crop'
    ? resizeImage(source, input.size, input.size, input.interpolation, { box: frame.box })
    : frameImage(source, input, frame.framing);
}

/** Geometric ops that follow each other become one matrix, so that the square is sampled once. */
function stagesOf({ input, ops }: AugmentPlan): Stage[] {
  const stages: Stage[] = [];
  const square = { width: input.size, height: input.size };
  for (const planned of ops) {
    const primitive = primitiveOf(planned);
    if (primitive.kind === 'pixels') {
      stages.push({ kind: 'pixels', planned });
      continue;
    }
    const matrix = primitive.matrix(planned, square);
    const last = stages.at(-1);
    if (last?.kind !== 'sample') stages.push({ kind: 'sample', matrix });
    else stages[stages.length - 1] = { kind: 'sample', matrix: multiply(last.matrix, matrix) };
  }
  return stages;
}

/** @param image may be changed */
function drawStage(image: PixelImage, stage: Stage, input: InputSpec): PixelImage {
  if (stage.kind === 'sample') return sampleThrough(image, stage.matrix);
  const primitive = primitiveOf(stage.planned);
  return primitive.kind === 'pixels' ? primitive.apply(image, stage.planned, input) : image;
}

/**
 * Draws a planned picture: a pure function of pixels and plan, shared by training, preview and tests.
 *
 * @param source not changed
 * @param memo of this source; with it the result is not the caller's to change
 * @returns `plan.input.size` squared
 */
export function renderAugment(source: PixelImage, plan: AugmentPlan, memo?: RenderMemo): PixelImage {
  const stages = stagesOf(plan);
  if (memo === undefined) {
    return stages.reduce((image, stage) => drawStage(image, stage, plan.input), frame(source, plan));
  }
  return renderFromMemo(source, plan, stages, memo.stages);
}

function renderFromMemo(
  source: PixelImage,
  plan: AugmentPlan,
  stages: readonly Stage[],
  known: RenderMemo['stages'],
): PixelImage {
  const { width, height } = source;
  const keys = [
    JSON.stringify([plan.input, plan.frame, width, height]),
    ...stages.map((stage) => JSON.stringify(stage)),
  ];
  const differs = keys.findIndex((key, index) => known[index]?.key !== key);
  known.length = differs < 0 ? keys.length : differs;
  for (let index = known.length; index < keys.length; index++) {
    const before = known[index - 1]?.image;
    const stage = stages[index - 1];
    const image =
      before === undefined || stage === undefined
        ? frame(source, plan)
        : // Pixel ops may draw in place, and what is known stays as it is.
          drawStage(stage.kind === 'pixels' ? { ...before, data: before.data.slice() } : before, stage, plan.input);
    known.push({ key: keys[index]!, image });
  }
  return known.at(-1)!.image;
}

/** Draws into a batch: `out` gets the picture's bytes from `offset` on. */
export function renderAugmentInto(source: PixelImage, plan: AugmentPlan, out: Uint8Array, offset: number): void {
  out.set(renderAugment(source, plan).data, offset);
}
