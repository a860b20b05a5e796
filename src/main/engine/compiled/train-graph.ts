import { invariant } from '../../../shared/errors.js';
import type { OptimizerSpec } from '../../../shared/recipe.js';
import { LOGITS_NODE } from '../graph/head.js';
import { takesBytes, wordsPerPicture } from '../graph/pixels.js';
import type { BatchNormNode, Network, ParamSpec } from '../graph/types.js';
import { DT_FLOAT, DT_INT32, encodeSavedModel, shapeOf, type SignatureDef, type TensorInfo } from './proto.js';
import { hasKernel, mirrorNodes } from './mirror.js';
import { writePixels } from './pixel-input.js';
import { writeStaging } from './staging.js';
import { writeForward } from './train-forward.js';
import { Tape } from './train-tape.js';
import {
  type TrainVariable,
  UPDATE_SCALARS,
  type UpdateGroup,
  type UpdateScalars,
  writeUpdate,
} from './train-update.js';
import { type Edge, TrainWriter } from './train-writer.js';

/** What a training graph is written for. */
export interface TrainGraphOptions {
  /** From the cut to the logits of the node {@link LOGITS_NODE}. */
  readonly network: Network;
  /** Statistics of batch norm in a step; outside of one, always the running ones. */
  readonly batchNorm: 'frozen' | 'batch';
  /** Whether a step takes a dropout mask of the features before the head. */
  readonly hasDropout: boolean;
  /** Whether gradients can be computed without an update, for measuring; not unless given. */
  readonly hasGradients?: boolean;
  /** Whether a step can take the next one's `cut` to the device while it computes; not unless given. */
  readonly canStage?: boolean;
  readonly optimizer: OptimizerSpec;
  /** Every variable is in one of them. */
  readonly groups: readonly UpdateGroup[];
}

/** Where a step's `cut` comes from, and whether the next step's goes to the device meanwhile. */
export type StepSignature = 'step' | 'stepAndStage' | 'stagedStep' | 'stagedStepAndStage';

/**
 * Signatures of the graph; one session serves them all. Slots' are there where the optimizer has some, `gradients` and those
 * that stage where they were asked for.
 */
export type TrainSignature =
  StepSignature | 'clearStage' | 'init' | 'restore' | 'gradients' | 'infer' | 'read' | 'readSlots' | 'restoreSlots';

/** Whether an optimizer remembers anything between steps. */
export const hasSlots = (spec: OptimizerSpec): boolean => spec.kind !== 'sgd' || spec.momentum > 0;

/** Shape of a parameter in TensorFlow's layout. */
function graphShape({ shape, layout }: ParamSpec): readonly number[] {
  const [a, b, c, d] = shape as [number, number, number, number];
  switch (layout) {
    case 'conv':
      return [c, d, b, a];
    case 'depthwise':
      return [c, d, a, b];
    case 'dense':
      return [b, a];
    case 'vector':
      return shape;
  }
}

/** Turns pictures by 180°. @param shape height and width first */
function turnPictures(writer: TrainWriter, x: Edge, shape: readonly number[]): Edge {
  const [height, width, channels] = shape as [number, number, number];
  const line = writer.reshape('cut/line', x, [-1, height * width, channels]);
  return writer.reshape('cut/turned', writer.reverse('cut/reversed', line, [1]), [-1, ...shape]);
}

interface Port {
  readonly edge: Edge;
  readonly shape: readonly number[];
  /** Float32 unless given. */
  readonly dtype?: number;
}

function signature(inputs: Readonly<Record<string, Port>>, outputs: Readonly<Record<string, Port>>): SignatureDef {
  const info = ({ edge, shape, dtype = DT_FLOAT }: Port): TensorInfo => ({
    name: `${edge}:0`,
    dtype,
    tensorShape: shapeOf(shape),
  });
  const all = (ports: Readonly<Record<string, Port>>): Record<string, TensorInfo> =>
    Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, info(port)]));
  return { inputs: all(inputs), outputs: all(outputs), methodName: 'tensorflow/serving/predict' };
}

/**
 * Encodes training as a `saved_model.pb`: forward pass, gradients and update, weights as variables of the session that loads
 * it.
 *
 * Where TensorFlow then need not pad, pictures are computed turned by 180° and kernels lie turned in the session: padded
 * copies cost time and memory in the step. Whoever gives or reads kernels does not see it.
 *
 * The loss is `-sum(targets · logSoftmax(logits))`. Signatures:
 * - `init`: a value for each parameter, by its name, in TensorFlow's layout; the optimizer's slots become 0
 * - `restore`: the same, the slots stay
 * - `step`: `cut` (where it is pixels, bytes as `uploadBytes` packs them), `targets` [n, classes], {@link UPDATE_SCALARS}, `mask` [n, features] with dropout → `logits` from before
 *   the update
 * - `stepAndStage`: the same and `next`, the next step's `cut`, which goes to the device while the step computes;
 *   `stagedStep`, `stagedStepAndStage`: these without `cut`, for a step whose `cut` was staged
 * - `clearStage`: `trigger` → nothing is staged any more
 * - `gradients`: `cut`, `targets`, `mask` with dropout → `norm`, half the sum of the squares of every gradient; no update
 * - `infer`: `cut` → `logits`, with the running statistics
 * - `read`: `trigger` (anything) → every parameter by its name
 * - `readSlots`: `trigger` → every slot of the optimizer by its name
 * - `restoreSlots`: a value for each slot, by its name; the parameters stay
 *
 * @param scope begins the names of the session's variables
 */
export function encodeTrainGraph(options: TrainGraphOptions, scope: string): Uint8Array {
  const { batchNorm, hasDropout } = options;
  const mirrored = mirrorNodes(options.network);
  const network = mirrored?.network ?? options.network;
  const seconds = mirrored?.seconds ?? new Set<string>();
  const writer = new TrainWriter(scope);
  const tape = new Tape();
  for (const param of network.params) {
    const variable = writer.declare(param.name, graphShape(param));
    if (param.role !== 'mean' && param.role !== 'variance') tape.watch(variable.value);
  }
  const head = network.nodes.find((node) => node.name === LOGITS_NODE);
  invariant(head?.op === 'dense' && network.output === LOGITS_NODE, 'the network ends in the logits');
  const [entry] = network.nodes;
  invariant(entry?.op === 'input', 'the network begins with its input');
  const featureSize = network.params.find(({ name }) => name === head.weight)!.shape[1]!;

  const hasBytes = takesBytes(network);
  const cutType = hasBytes ? DT_INT32 : DT_FLOAT;
  // Where the head alone trains it is given rows of features.
  const pictureShape = head.inputs[0] === entry.name ? [featureSize] : entry.shape;
  const cutShape = [-1, ...(hasBytes ? [wordsPerPicture(entry.shape[0])] : pictureShape)];
  const next: Port = { shape: cutShape, edge: writer.placeholder('next', cutShape, cutType), dtype: cutType };
  // A session can be fed at any tensor, so what is staged and what is given take the same way from here.
  const staging = options.canStage
    ? writeStaging(writer, next.edge, cutType, `${scope}/staged`, { taken: 'cut', put: 'stage', cleared: 'unstage' })
    : null;
  const cut: Port = {
    shape: cutShape,
    edge: staging?.taken ?? writer.placeholder('cut', cutShape, cutType),
    dtype: cutType,
  };
  const shaped = staging && !hasBytes ? writer.reshape('cut/shaped', cut.edge, cutShape) : cut.edge;
  const floats = hasBytes ? writePixels(writer, 'cut', cut.edge, entry.shape) : shaped;
  const input = mirrored ? turnPictures(writer, floats, entry.shape) : floats;
  const targets: Port = { shape: [-1, head.units], edge: writer.placeholder('targets', [-1, head.units]) };
  const mask: Port = { shape: [-1, featureSize], edge: writer.placeholder('mask', [-1, featureSize]) };
  const trigger: Port = { shape: [], edge: writer.placeholder('trigger', []) };
  const scalars = Object.fromEntries(UPDATE_SCALARS.map((name) => [name, writer.placeholder(name, [])])) as Record<
    keyof UpdateScalars,
    Edge
  >;

  const followed: Edge[] = [];
  const follow = (name: string, momentum: number, batch: Edge): void => {
    const running = writer.variable(name);
    const old = writer.float('Mul', `follow/${name}/old`, running.value, writer.scalar(1 - momentum));
    const part = writer.float('Mul', `follow/${name}/batch`, batch, writer.scalar(momentum));
    followed.push(writer.assign(`follow/${name}`, running, writer.float('AddV2', `follow/${name}/sum`, old, part)));
  };
  const logits = writeForward(writer, tape, network, input, {
    scope: 'train',
    batchNorm,
    seconds,
    mask: hasDropout ? { node: LOGITS_NODE, factors: mask.edge } : null,
    onStatistics: (node: BatchNormNode, mean, variance) => {
      follow(node.mean, node.momentum, mean);
      follow(node.variance, node.momentum, variance);
    },
  });
  const mass = writer.reduce('Sum', 'loss/mass', targets.edge, [1], true); // [n, 1]
  const expected = writer.float('Mul', 'loss/expected', writer.float('Softmax', 'loss/probabilities', logits), mass);
  tape.run(writer, logits, writer.float('Sub', 'loss/gradient', expected, targets.edge));
  const gradients: Edge[] = [];
  const { updates, slots } = writeUpdate(writer, options.optimizer, options.groups, scalars, (name) => {
    const gradient = tape.gradient(writer, writer.variable(name).value);
    invariant(gradient, `${name} has a gradient`);
    gradients.push(gradient);
    return gradient;
  });
  const score = writer.identityAfter('step/logits', logits, [...updates, ...followed]);
  const inferred = writeForward(writer, new Tape(), network, input, {
    scope: 'infer',
    batchNorm: 'frozen',
    seconds,
    mask: null,
  });

  const turned = new Set(mirrored ? network.params.filter(hasKernel).map(({ name }) => name) : []);
  /** Ports that read variables, ports that are given values for them, and the assignments. */
  const access = (variables: readonly TrainVariable[]) => {
    const values: Record<string, Port> = {};
    const given: Record<string, Port> = {};
    const assigned = variables.map(({ name, param, variable }) => {
      const { shape, value } = variable;
      const edge = writer.placeholder(`given/${name}`, shape);
      // A kernel of one pixel is the same from both sides.
      const isTurned = turned.has(param) && shape[0]! * shape[1]! > 1;
      const turn = (side: string, x: Edge): Edge =>
        isTurned ? writer.reverse(`turned/${side}/${name}`, x, [0, 1]) : x;
      given[name] = { edge, shape };
      values[name] = { edge: turn('value', value), shape };
      return writer.assign(`assign/${name}`, variable, turn('given', edge));
    });
    return { values, given, assigned };
  };
  const params = access(network.params.map(({ name }) => ({ name, param: name, variable: writer.variable(name) })));
  const memory = access(slots);
  const cleared = slots.map(({ variable }) =>
    writer.assign(`clear/${variable.handle}`, variable, writer.zeros(variable.shape)),
  );
  const done = (name: string, after: readonly Edge[]): Record<string, Port> => ({
    done: { edge: writer.identityAfter(name, trigger.edge, after), shape: [] },
  });
  const fed = Object.fromEntries(
    UPDATE_SCALARS.map((name): [string, Port] => [name, { edge: scalars[name], shape: [] }]),
  );
  const scores = (edge: Edge): Record<string, Port> => ({ logits: { edge, shape: [-1, head.units] } });
  const given = { targets, ...fed, ...(hasDropout ? { mask } : {}) };
  const signatures: Partial<Record<TrainSignature, SignatureDef>> = {
    init: signature({ ...params.given, trigger }, done('init/done', [...params.assigned, ...cleared])),
    restore: signature({ ...params.given, trigger }, done('restore/done', params.assigned)),
    step: signature({ cut, ...given }, scores(score)),
    infer: signature({ cut }, scores(inferred)),
    read: signature({ trigger }, params.values),
  };
  if (staging !== null) {
    const both = scores(writer.identityAfter('step/logits/staged', score, [staging.put]));
    signatures.stepAndStage = signature({ cut, next, ...given }, both);
    signatures.stagedStep = signature(given, scores(score));
    signatures.stagedStepAndStage = signature({ next, ...given }, both);
    signatures.clearStage = signature({ trigger }, done('unstage/done', [staging.cleared]));
  }
  if (options.hasGradients) {
    // TensorFlow leaves out what nobody reads, control inputs included.
    const norms = gradients.map((gradient, index) => writer.float('L2Loss', `gradients/${index}`, gradient));
    const norm = norms.reduce((sum, one, index) => writer.float('AddV2', `gradients/sum/${index}`, sum, one));
    const inputs = { cut, targets, ...(hasDropout ? { mask } : {}) };
    signatures.gradients = signature(inputs, { norm: { edge: norm, shape: [] } });
  }
  if (hasSlots(options.optimizer)) {
    signatures.readSlots = signature({ trigger }, memory.values);
    signatures.restoreSlots = signature({ ...memory.given, trigger }, done('restoreSlots/done', memory.assigned));
  }
  return encodeSavedModel(writer.nodes, signatures);
}
