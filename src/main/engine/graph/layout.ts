import { invariant } from '../../../shared/errors.js';
import type { ParamLayout, WeightTensor } from './types.js';

/** For each layout, the source axes in the order in which TensorFlow wants them. */
const AXES: Readonly<Record<Exclude<ParamLayout, 'vector'>, readonly number[]>> = {
  conv: [2, 3, 1, 0],
  depthwise: [2, 3, 0, 1],
  dense: [1, 0],
};

/** Reorders axes: axis `i` of the result is axis `axes[i]` of the tensor. */
function transpose(tensor: WeightTensor, axes: readonly number[]): WeightTensor {
  invariant(
    tensor.shape.length === axes.length,
    `a tensor of ${axes.length} axes, received [${tensor.shape.join(', ')}]`,
  );
  const shape = axes.map((axis) => tensor.shape[axis]!);
  const strides = new Array<number>(axes.length).fill(1);
  for (let axis = axes.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * tensor.shape[axis + 1]!;
  // Always four loops: missing axes have length 1, so that one tight nest serves every layout.
  const lengths = [1, 1, 1, 1, ...shape].slice(-4) as [number, number, number, number];
  const steps = [0, 0, 0, 0, ...axes.map((axis) => strides[axis]!)].slice(-4) as [number, number, number, number];
  const data = new Float32Array(tensor.data.length);
  let out = 0;
  for (let a = 0; a < lengths[0]; a++) {
    for (let b = 0; b < lengths[1]; b++) {
      for (let c = 0; c < lengths[2]; c++) {
        let from = a * steps[0] + b * steps[1] + c * steps[2];
        for (let d = 0; d < lengths[3]; d++) {
          data[out++] = tensor.data[from]!;
          from += steps[3];
        }
      }
    }
  }
  return { shape, data };
}

/** Turns a parameter from the checkpoint's (PyTorch's) layout into TensorFlow's. */
export function toTensorFlowLayout(tensor: WeightTensor, layout: ParamLayout): WeightTensor {
  return layout === 'vector' ? tensor : transpose(tensor, AXES[layout]);
}

/** The inverse of {@link toTensorFlowLayout}. */
export function toSourceLayout(tensor: WeightTensor, layout: ParamLayout): WeightTensor {
  if (layout === 'vector') return tensor;
  const axes = AXES[layout];
  return transpose(
    tensor,
    axes.map((_, axis) => axes.indexOf(axis)),
  );
}
