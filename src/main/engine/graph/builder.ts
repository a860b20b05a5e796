import { invariant } from '../../../shared/errors.js';
import type { InputSpec } from '../../../shared/input.js';
import type { ActivationKind, GraphNode, Network, Padding, ParamLayout, ParamRole, ParamSpec } from './types.js';

export interface ConvOptions {
  readonly kernelSize: number;
  readonly stride?: number;
  readonly padding?: Padding;
  /** Whether the checkpoint has a bias for it; convolutions before batch norm have none. */
  readonly bias?: boolean;
}

export interface BatchNormOptions {
  readonly epsilon: number;
  /** Weight of the new batch, as PyTorch counts it. */
  readonly momentum: number;
}

/**
 * Builds a {@link Network} node by node. Every method takes the name of the node that it reads and returns its own; a
 * node's name is the prefix of its parameters in the checkpoint.
 */
export class NetworkBuilder {
  private readonly nodes: GraphNode[] = [];
  private readonly params: ParamSpec[] = [];
  private readonly stages: string[] = [];
  private readonly channels = new Map<string, number>();

  /** Begins a stage; all that follows belongs to it. */
  stage(name: string): void {
    invariant(!this.stages.includes(name), `stage ${name} begins once`);
    this.stages.push(name);
  }

  private get current(): number {
    invariant(this.stages.length > 0, 'a stage has begun');
    return this.stages.length - 1;
  }

  private add(node: GraphNode, channels: number): string {
    invariant(!this.channels.has(node.name), `node ${node.name} is new`);
    this.nodes.push(node);
    this.channels.set(node.name, channels);
    return node.name;
  }

  private param(name: string, shape: readonly number[], layout: ParamLayout, role: ParamRole): string {
    this.params.push({ name, shape, layout, role, stage: this.current });
    return name;
  }

  /** Channels that a node puts out. */
  channelsOf(name: string): number {
    const channels = this.channels.get(name);
    invariant(channels !== undefined, `node ${name} exists`);
    return channels;
  }

  /** Pixels in 0..255, normalised. */
  input({ size, mean, std }: InputSpec): string {
    this.add({ op: 'input', name: 'pixels', inputs: [], stage: this.current, shape: [size, size, 3] }, 3);
    return this.add({ op: 'normalise', name: 'normalised', inputs: ['pixels'], stage: this.current, mean, std }, 3);
  }

  conv(name: string, x: string, filters: number, options: ConvOptions): string {
    const { kernelSize, stride = 1, padding = 0, bias = false } = options;
    const shape = [filters, this.channelsOf(x), kernelSize, kernelSize];
    return this.add(
      {
        op: 'conv',
        name,
        inputs: [x],
        stage: this.current,
        filters,
        kernelSize,
        stride,
        padding,
        weight: this.param(`${name}.weight`, shape, 'conv', 'weight'),
        bias: bias ? this.param(`${name}.bias`, [filters], 'vector', 'bias') : null,
        activation: 'linear',
      },
      filters,
    );
  }

  depthwise(name: string, x: string, options: ConvOptions): string {
    const { kernelSize, stride = 1, padding = 0 } = options;
    const channels = this.channelsOf(x);
    return this.add(
      {
        op: 'depthwise_conv',
        name,
        inputs: [x],
        stage: this.current,
        kernelSize,
        stride,
        padding,
        weight: this.param(`${name}.weight`, [channels, 1, kernelSize, kernelSize], 'depthwise', 'weight'),
        bias: null,
        activation: 'linear',
      },
      channels,
    );
  }

  batchNorm(name: string, x: string, { epsilon, momentum }: BatchNormOptions): string {
    const channels = this.channelsOf(x);
    const vector = (leaf: string, role: ParamRole): string => this.param(`${name}.${leaf}`, [channels], 'vector', role);
    return this.add(
      {
        op: 'batch_norm',
        name,
        inputs: [x],
        stage: this.current,
        epsilon,
        momentum,
        gamma: vector('weight', 'gamma'),
        beta: vector('bias', 'beta'),
        mean: vector('running_mean', 'mean'),
        variance: vector('running_var', 'variance'),
      },
      channels,
    );
  }

  /** `linear` adds nothing. */
  activation(name: string, x: string, kind: ActivationKind): string {
    if (kind === 'linear') return x;
    return this.add({ op: 'activation', name, inputs: [x], stage: this.current, kind }, this.channelsOf(x));
  }

  add2(name: string, a: string, b: string): string {
    invariant(this.channelsOf(a) === this.channelsOf(b), `${a} and ${b} have equal channels`);
    return this.add({ op: 'add', name, inputs: [a, b], stage: this.current }, this.channelsOf(a));
  }

  maxPool(name: string, x: string, kernelSize: number, stride: number, padding: Padding): string {
    return this.add(
      { op: 'max_pool', name, inputs: [x], stage: this.current, kernelSize, stride, padding },
      this.channelsOf(x),
    );
  }

  /** Parameters are `<name>.fc1` and `<name>.fc2`, 1×1 convolutions with bias. */
  squeezeExcite(
    name: string,
    x: string,
    squeezeChannels: number,
    activation: ActivationKind,
    gate: ActivationKind,
  ): string {
    const channels = this.channelsOf(x);
    return this.add(
      {
        op: 'squeeze_excite',
        name,
        inputs: [x],
        stage: this.current,
        squeezeChannels,
        reduceWeight: this.param(`${name}.fc1.weight`, [squeezeChannels, channels, 1, 1], 'conv', 'weight'),
        reduceBias: this.param(`${name}.fc1.bias`, [squeezeChannels], 'vector', 'bias'),
        activation,
        expandWeight: this.param(`${name}.fc2.weight`, [channels, squeezeChannels, 1, 1], 'conv', 'weight'),
        expandBias: this.param(`${name}.fc2.bias`, [channels], 'vector', 'bias'),
        gate,
      },
      channels,
    );
  }

  globalAveragePool(name: string, x: string): string {
    return this.add({ op: 'global_average_pool', name, inputs: [x], stage: this.current }, this.channelsOf(x));
  }

  dense(name: string, x: string, units: number): string {
    return this.add(
      {
        op: 'dense',
        name,
        inputs: [x],
        stage: this.current,
        units,
        weight: this.param(`${name}.weight`, [units, this.channelsOf(x)], 'dense', 'weight'),
        bias: this.param(`${name}.bias`, [units], 'vector', 'bias'),
        activation: 'linear',
      },
      units,
    );
  }

  /** The finished network; `output` names the node whose value it yields. */
  build(output: string): Network {
    this.channelsOf(output);
    return { nodes: this.nodes, params: this.params, stages: this.stages, output };
  }
}
