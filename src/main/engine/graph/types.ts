/**
 * A network as data: a list of typed nodes in topological order, with named parameters. Interpreters and passes (eager
 * run, fold, cost, exporters) work on this and nothing else; a backbone file only builds one.
 *
 * Activations are NHWC float32. Parameters are described, stored and folded in the checkpoint's own (PyTorch) layout;
 * {@link ParamLayout} names the turn to TensorFlow's layout that happens when a tensor is uploaded or exported.
 */

/**
 * How a parameter's source layout maps to TensorFlow's.
 * - `conv`: [out, in, height, width] → [height, width, in, out]
 * - `depthwise`: [channels, 1, height, width] → [height, width, channels, 1]
 * - `dense`: [out, in] → [in, out]
 * - `vector`: unchanged
 */
export type ParamLayout = 'conv' | 'depthwise' | 'dense' | 'vector';

/** What a parameter is for; `mean` and `variance` are batch statistics and never get a gradient. */
export type ParamRole = 'weight' | 'bias' | 'gamma' | 'beta' | 'mean' | 'variance';

export interface ParamSpec {
  /** The checkpoint's own name, for example `layer1.0.conv1.weight`. */
  readonly name: string;
  /** Shape in the source layout. */
  readonly shape: readonly number[];
  readonly layout: ParamLayout;
  readonly role: ParamRole;
  /** Index into {@link Network.stages}. */
  readonly stage: number;
}

/** Zero padding: a number of pixels on every side, or TensorFlow's SAME (asymmetric at stride 2). */
export type Padding = number | 'same';

export type ActivationKind = 'linear' | 'relu' | 'relu6' | 'hard_swish' | 'hard_sigmoid' | 'silu' | 'sigmoid';

interface NodeBase {
  /** Unique in the network. */
  readonly name: string;
  /** Names of the nodes whose outputs this one reads. */
  readonly inputs: readonly string[];
  /** Index into {@link Network.stages}. */
  readonly stage: number;
}

/** Pixels in: [n, size, size, channels], float32 in 0..255 for a whole network, features for a slice of one. */
export interface InputNode extends NodeBase {
  readonly op: 'input';
  readonly shape: readonly [height: number, width: number, channels: number];
}

/** `(x - mean) / std` by channel, on pixels in 0..255. */
export interface NormaliseNode extends NodeBase {
  readonly op: 'normalise';
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

export interface ConvNode extends NodeBase {
  readonly op: 'conv';
  readonly filters: number;
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: Padding;
  /** Parameter names. */
  readonly weight: string;
  readonly bias: string | null;
  /** `linear` unless a pass has fused the activation that follows. */
  readonly activation: ActivationKind;
}

export interface DepthwiseConvNode extends NodeBase {
  readonly op: 'depthwise_conv';
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: Padding;
  readonly weight: string;
  readonly bias: string | null;
  readonly activation: ActivationKind;
}

export interface BatchNormNode extends NodeBase {
  readonly op: 'batch_norm';
  readonly epsilon: number;
  /** Weight of the new batch in the running statistics, as PyTorch counts it (0.1: `new = 0.9·old + 0.1·batch`). */
  readonly momentum: number;
  readonly gamma: string;
  readonly beta: string;
  readonly mean: string;
  readonly variance: string;
}

export interface ActivationNode extends NodeBase {
  readonly op: 'activation';
  readonly kind: ActivationKind;
}

export interface AddNode extends NodeBase {
  readonly op: 'add';
}

export interface MaxPoolNode extends NodeBase {
  readonly op: 'max_pool';
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: Padding;
}

/** Mean over height and width: [n, h, w, c] → [n, c]. */
export interface GlobalAveragePoolNode extends NodeBase {
  readonly op: 'global_average_pool';
}

/** `x · gate(expand(activation(reduce(mean(x)))))`, both 1×1 convolutions with bias. */
export interface SqueezeExciteNode extends NodeBase {
  readonly op: 'squeeze_excite';
  readonly squeezeChannels: number;
  readonly reduceWeight: string;
  readonly reduceBias: string;
  readonly activation: ActivationKind;
  readonly expandWeight: string;
  readonly expandBias: string;
  readonly gate: ActivationKind;
}

/** [n, c] → [n, units]. */
export interface DenseNode extends NodeBase {
  readonly op: 'dense';
  readonly units: number;
  readonly weight: string;
  readonly bias: string;
  readonly activation: ActivationKind;
}

/** Softmax over the last axis. */
export interface SoftmaxNode extends NodeBase {
  readonly op: 'softmax';
}

export type GraphNode =
  | InputNode
  | NormaliseNode
  | ConvNode
  | DepthwiseConvNode
  | BatchNormNode
  | ActivationNode
  | AddNode
  | MaxPoolNode
  | GlobalAveragePoolNode
  | SqueezeExciteNode
  | DenseNode
  | SoftmaxNode;

export type GraphOp = GraphNode['op'];

/** A whole network or a slice of one. */
export interface Network {
  /** In topological order; the first is the input. */
  readonly nodes: readonly GraphNode[];
  readonly params: readonly ParamSpec[];
  /** Stage names from the input to the head, for example `['stem', 'layer1', …]`; the freeze rail draws these. */
  readonly stages: readonly string[];
  /** Name of the node whose output is the network's result. */
  readonly output: string;
}

/** One tensor in the source layout, row-major. */
export interface WeightTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Parameter name → values, in the source layout. */
export type WeightMap = ReadonlyMap<string, WeightTensor>;
