import { invariant } from '../../../../shared/errors.js';
import { inferShapes } from '../../graph/shapes.js';
import type { ActivationKind, GraphNode, Network, Padding, WeightMap } from '../../graph/types.js';
import type { OnnxAttribute, OnnxNode, OnnxTensor } from './proto.js';
import { ONNX_FLOAT } from './proto.js';

const float = (name: string, f: number): OnnxAttribute => ({ name, type: 1, f });
const int = (name: string, i: number): OnnxAttribute => ({ name, type: 2, i });
const ints = (name: string, values: readonly number[]): OnnxAttribute => ({ name, type: 7, ints: values });

/** Zeros before and after an axis; TensorFlow's SAME puts the odd one behind. */
function padsOf(length: number, kernelSize: number, stride: number, padding: Padding): [before: number, after: number] {
  if (padding !== 'same') return [padding, padding];
  const total = Math.max((Math.ceil(length / stride) - 1) * stride + kernelSize - length, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** Nodes and constants of an ONNX graph, channels first. */
export class OnnxWriter {
  readonly nodes: OnnxNode[] = [];
  readonly tensors: OnnxTensor[] = [];
  private readonly written = new Set<string>();
  private readonly shapes: ReadonlyMap<string, readonly number[]>;

  /** @param names tensors of the network's nodes that have a name of their own in the file */
  constructor(
    network: Network,
    private readonly weights: WeightMap,
    private readonly names: ReadonlyMap<string, string>,
  ) {
    this.shapes = inferShapes(network);
  }

  private nameOf(node: string): string {
    return this.names.get(node) ?? node;
  }

  private node(opType: string, output: string, input: readonly string[], attribute: readonly OnnxAttribute[] = []) {
    this.nodes.push({ name: output, opType, input, output: [output], attribute });
    return output;
  }

  private constant(name: string, dims: readonly number[], values: Float32Array): string {
    if (!this.written.has(name)) {
      this.written.add(name);
      const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      this.tensors.push({ name, dims, dataType: ONNX_FLOAT, rawData });
    }
    return name;
  }

  /** A parameter as it lies in the checkpoint: PyTorch's layouts are ONNX's. */
  private param(name: string): string {
    const values = this.weights.get(name);
    invariant(values, `no weights for ${name}`);
    return this.constant(name, values.shape, values.data);
  }

  private activate(kind: ActivationKind, output: string, x: string): string {
    switch (kind) {
      case 'linear':
        return this.node('Identity', output, [x]);
      case 'relu':
        return this.node('Relu', output, [x]);
      case 'relu6': {
        const bounds = [this.constant('zero', [], Float32Array.of(0)), this.constant('six', [], Float32Array.of(6))];
        return this.node('Clip', output, [x, ...bounds]);
      }
      case 'sigmoid':
        return this.node('Sigmoid', output, [x]);
      case 'silu':
        return this.node('Mul', output, [x, this.node('Sigmoid', `${output}/gate`, [x])]);
      case 'hard_sigmoid':
        return this.node('HardSigmoid', output, [x], [float('alpha', 1 / 6), float('beta', 0.5)]);
      case 'hard_swish':
        return this.node('Mul', output, [x, this.activate('hard_sigmoid', `${output}/gate`, x)]);
    }
  }

  /** Runs `build` under the name of the result, or of what comes before an activation of it. */
  private activated(kind: ActivationKind, output: string, build: (output: string) => string): string {
    return kind === 'linear' ? build(output) : this.activate(kind, output, build(`${output}/linear`));
  }

  private window(node: { kernelSize: number; stride: number; padding: Padding }, input: string): OnnxAttribute[] {
    const [height, width] = this.shapes.get(input)!;
    const [top, bottom] = padsOf(height!, node.kernelSize, node.stride, node.padding);
    const [left, right] = padsOf(width!, node.kernelSize, node.stride, node.padding);
    return [
      ints('kernel_shape', [node.kernelSize, node.kernelSize]),
      ints('strides', [node.stride, node.stride]),
      ints('pads', [top, left, bottom, right]),
    ];
  }

  private squeezeConv(output: string, x: string, weight: string, bias: string): string {
    return this.node('Conv', output, [x, this.param(weight), this.param(bias)], [ints('kernel_shape', [1, 1])]);
  }

  /** Adds one node of the network; its inputs have been added before. */
  add(node: GraphNode): void {
    const output = this.nameOf(node.name);
    const inputs = node.inputs.map((name) => this.nameOf(name));
    const x = inputs[0]!;
    switch (node.op) {
      case 'input':
        invariant(false, 'the input is added by addInput');
        break;
      case 'normalise': {
        const row = (name: string, values: readonly number[]): string =>
          this.constant(`${output}/${name}`, [1, 3, 1, 1], Float32Array.from(values));
        const centred = this.node('Sub', `${output}/centred`, [x, row('mean', node.mean)]);
        this.node('Mul', output, [centred, row('scale', node.std.map((std) => 1 / std))]); // prettier-ignore
        break;
      }
      case 'conv':
      case 'depthwise_conv': {
        const group = node.op === 'conv' ? 1 : this.shapes.get(node.name)!.at(-1)!;
        const params = [this.param(node.weight), ...(node.bias === null ? [] : [this.param(node.bias)])];
        const attributes = [...this.window(node, node.inputs[0]!), int('group', group)];
        this.activated(node.activation, output, (name) => this.node('Conv', name, [x, ...params], attributes));
        break;
      }
      case 'batch_norm': {
        const params = [node.gamma, node.beta, node.mean, node.variance].map((name) => this.param(name));
        this.node('BatchNormalization', output, [x, ...params], [float('epsilon', node.epsilon)]);
        break;
      }
      case 'activation':
        this.activate(node.kind, output, x);
        break;
      case 'add':
        this.node('Add', output, inputs);
        break;
      case 'max_pool':
        this.node('MaxPool', output, [x], this.window(node, node.inputs[0]!));
        break;
      case 'global_average_pool':
        this.node('Flatten', output, [this.node('GlobalAveragePool', `${output}/mean`, [x])], [int('axis', 1)]);
        break;
      case 'squeeze_excite': {
        const mean = this.node('GlobalAveragePool', `${output}/mean`, [x]);
        const reduced = this.squeezeConv(`${output}/reduce`, mean, node.reduceWeight, node.reduceBias);
        const active = this.activate(node.activation, `${output}/active`, reduced);
        const expanded = this.squeezeConv(`${output}/expand`, active, node.expandWeight, node.expandBias);
        this.node('Mul', output, [x, this.activate(node.gate, `${output}/gate`, expanded)]);
        break;
      }
      case 'dense':
        this.activated(node.activation, output, (name) =>
          this.node('Gemm', name, [x, this.param(node.weight), this.param(node.bias)], [int('transB', 1)]),
        );
        break;
      case 'softmax':
        this.node('Softmax', output, [x], [int('axis', -1)]);
        break;
    }
  }

  /** Adds the turn from the file's input, channels last as pictures are stored, to channels first. */
  addInput(node: GraphNode, input: string): void {
    this.node('Transpose', this.nameOf(node.name), [input], [ints('perm', [0, 3, 1, 2])]);
  }
}
