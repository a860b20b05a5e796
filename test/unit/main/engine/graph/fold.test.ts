import { describe, expect, it } from 'vitest';
import { NetworkBuilder } from '../../../../../src/main/engine/graph/builder.js';
import { foldNetwork } from '../../../../../src/main/engine/graph/fold.js';
import type { ActivationKind, Network, WeightMap } from '../../../../../src/main/engine/graph/types.js';
import { TORCHVISION_INPUT } from '../../../../../src/main/engine/backbones/types.js';
import { formulaWeights } from '../../../../support/networks.js';

const EPSILON = 0.25;

/** input → conv (3 → 2, 1×1) → batch norm → activation. */
function build(kind: ActivationKind, bias: boolean): Network {
  const net = new NetworkBuilder();
  net.stage('only');
  const x = net.conv('conv', net.input(TORCHVISION_INPUT), 2, { kernelSize: 1, bias });
  return net.build(net.activation('act', net.batchNorm('bn', x, { epsilon: EPSILON, momentum: 0.1 }), kind));
}

const tensor = (shape: readonly number[], ...data: number[]) => ({ shape, data: Float32Array.from(data) });
const byHand = (bias: boolean): WeightMap =>
  new Map([
    ['conv.weight', tensor([2, 3, 1, 1], 1, 2, 3, 4, 5, 6)],
    ...(bias ? ([['conv.bias', tensor([2], 10, 20)]] as const) : []),
    ['bn.weight', tensor([2], 2, 3)],
    ['bn.bias', tensor([2], 0.5, -0.5)],
    ['bn.running_mean', tensor([2], 1, 2)],
    // With epsilon these are 1 and 4, whose roots are 1 and 2.
    ['bn.running_var', tensor([2], 0.75, 3.75)],
  ]);

describe('foldNetwork', () => {
  it('scales the kernel and makes a bias, by hand', () => {
    const { network, weights } = foldNetwork(build('relu', false), byHand(false));
    expect(network.nodes.map(({ op }) => op)).toEqual(['input', 'normalise', 'conv']);
    expect(network.nodes[2]).toMatchObject({ name: 'conv', bias: 'conv.folded_bias', activation: 'relu' });
    expect(network.output).toBe('conv');
    expect([...weights.keys()]).toEqual(['conv.weight', 'conv.folded_bias']);
    expect(network.params.map(({ name }) => name)).toEqual(['conv.weight', 'conv.folded_bias']);
    expect(weights.get('conv.weight')!.data).toEqual(Float32Array.of(2, 4, 6, 6, 7.5, 9));
    expect(weights.get('conv.folded_bias')!.data).toEqual(Float32Array.of(0.5 - 2, -0.5 - 3));
  });

  it('takes a bias that is there along, and drops it', () => {
    const { weights } = foldNetwork(build('relu6', true), byHand(true));
    expect([...weights.keys()]).toEqual(['conv.weight', 'conv.folded_bias']);
    expect(weights.get('conv.folded_bias')!.data).toEqual(Float32Array.of(0.5 + 9 * 2, -0.5 + 18 * 1.5));
  });

  it('leaves the weights that it was given alone', () => {
    const given = byHand(false);
    foldNetwork(build('relu', false), given);
    expect(given).toEqual(byHand(false));
  });

  it.each(['hard_swish', 'silu', 'sigmoid', 'hard_sigmoid'] as const)('leaves %s a node of its own', (kind) => {
    const { network } = foldNetwork(build(kind, false), byHand(false));
    expect(network.nodes.map(({ op }) => op)).toEqual(['input', 'normalise', 'conv', 'activation']);
    expect(network.nodes[3]).toMatchObject({ name: 'act', inputs: ['conv'] });
  });

  it('does not fold into a convolution that something else reads, or that is the output', () => {
    const net = new NetworkBuilder();
    net.stage('only');
    const x = net.conv('conv', net.input(TORCHVISION_INPUT), 2, { kernelSize: 1 });
    const y = net.batchNorm('bn', x, { epsilon: EPSILON, momentum: 0.1 });
    const both = net.build(net.add2('sum', x, y));
    expect(foldNetwork(both, byHand(false)).network).toEqual(both);
    const early: Network = { ...both, nodes: both.nodes.slice(0, -1), output: 'conv' };
    expect(foldNetwork(early, byHand(false)).network.nodes).toEqual(early.nodes);
  });

  it('says which weights are missing', () => {
    const network = build('relu', false);
    const weights = new Map(formulaWeights(network));
    weights.delete('bn.running_mean');
    expect(() => foldNetwork(network, weights)).toThrow('no weights for bn.running_mean');
  });
});
