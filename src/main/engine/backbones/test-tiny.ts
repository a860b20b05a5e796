import { NetworkBuilder } from '../graph/builder.js';
import type { InputSpec } from '../../../shared/input.js';
import type { Network } from '../graph/types.js';
import { BATCH_COUNTERS, type BackboneDefinition } from './types.js';

const INPUT: InputSpec = {
  size: 32,
  resize: 36,
  interpolation: 'bilinear',
  mean: [120, 115, 105],
  std: [60, 60, 60],
};

const NORM = { epsilon: 1e-3, momentum: 0.1 };

/** One of every kind of node in four stages. */
function buildTiny(): Network {
  const net = new NetworkBuilder();
  net.stage('stem');
  let x = net.conv('stem.conv', net.input(INPUT), 8, { kernelSize: 3, stride: 2, padding: 1 }); // 32 -> 16
  x = net.activation('stem.relu', net.batchNorm('stem.bn', x, NORM), 'relu');
  x = net.maxPool('stem.pool', x, 3, 2, 1); // 16 -> 8
  net.stage('block1');
  let y = net.depthwise('block1.depthwise', x, { kernelSize: 3, padding: 'same' });
  y = net.activation('block1.relu6', net.batchNorm('block1.bn', y, NORM), 'relu6');
  y = net.squeezeExcite('block1.se', y, 4, 'relu', 'hard_sigmoid');
  y = net.conv('block1.project', y, 8, { kernelSize: 1 });
  x = net.add2('block1.add', x, net.batchNorm('block1.bn2', y, NORM));
  net.stage('block2');
  x = net.depthwise('block2.depthwise', x, { kernelSize: 5, stride: 2, padding: 'same' }); // 8 -> 4
  x = net.activation('block2.swish', net.batchNorm('block2.bn', x, NORM), 'hard_swish');
  x = net.squeezeExcite('block2.se', x, 4, 'silu', 'sigmoid');
  net.stage('top');
  x = net.conv('top.conv', x, 32, { kernelSize: 1, bias: true });
  x = net.activation('top.silu', net.batchNorm('top.bn', x, NORM), 'silu');
  const pooled = net.globalAveragePool('pool', x);
  net.stage('classifier');
  return net.build(net.dense('classifier', pooled, 10));
}

/** Not for users: no weights are published for it; tests fill it by formula and import it from a file. */
export const testTiny: BackboneDefinition = {
  id: 'test_tiny',
  label: 'Test net',
  paper: 'https://arxiv.org/abs/1905.02244',
  licence: 'MIT',
  imageNetAccuracy: 0,
  input: INPUT,
  weights: { kind: 'torch-hub', url: 'https://invalid.invalid/none.pth', fileName: 'none.pth', sha256Prefix: '' },
  ignore: [BATCH_COUNTERS],
  featuresNode: 'pool',
  featureSize: 32,
  logitsNode: 'classifier',
  build: buildTiny,
};
