import type { InputSpec } from '../../../../../src/shared/input.js';
import { NetworkBuilder } from '../../../../../src/main/engine/graph/builder.js';
import type { Network } from '../../../../../src/main/engine/graph/types.js';
import { withoutNormalisation } from '../../../../support/networks.js';

const INPUT: InputSpec = {
  size: 16,
  resize: 16,
  interpolation: 'bilinear',
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

const NORM = { epsilon: 1e-3, momentum: 0.1 };

/** The network of test/fixtures/gradients.py, whose numbers are PyTorch's. */
export function buildGradientNetwork(): Network {
  const net = new NetworkBuilder();
  net.stage('stem');
  let x = net.conv('stem.conv', net.input(INPUT), 8, { kernelSize: 3, stride: 2, padding: 'same' }); // 16 -> 8
  x = net.activation('stem.relu6', net.batchNorm('stem.bn', x, NORM), 'relu6');
  net.stage('mix');
  x = net.depthwise('mix.depthwise', x, { kernelSize: 5, stride: 2, padding: 'same' }); // 8 -> 4
  x = net.activation('mix.swish', net.batchNorm('mix.bn', x, NORM), 'hard_swish');
  x = net.squeezeExcite('mix.se', x, 4, 'relu', 'hard_sigmoid');
  x = net.maxPool('mix.pool', x, 3, 1, 1);
  net.stage('residual');
  let y = net.conv('residual.conv1', x, 8, { kernelSize: 3, stride: 2, padding: 1 }); // 4 -> 2
  y = net.activation('residual.relu1', net.batchNorm('residual.bn1', y, NORM), 'relu');
  y = net.batchNorm('residual.bn2', net.conv('residual.conv2', y, 16, { kernelSize: 1 }), NORM);
  y = net.depthwise('residual.depthwise', y, { kernelSize: 3, padding: 1 });
  const shortcut = net.conv('residual.shortcut', x, 16, { kernelSize: 1, stride: 2 });
  x = net.activation('residual.relu', net.add2('residual.add', y, shortcut), 'relu');
  net.stage('top');
  x = net.conv('top.conv', x, 24, { kernelSize: 1, bias: true });
  x = net.activation('top.silu', net.batchNorm('top.bn', x, NORM), 'silu');
  x = net.squeezeExcite('top.se', x, 4, 'silu', 'sigmoid');
  x = net.globalAveragePool('top.pool', x);
  net.stage('classifier');
  return withoutNormalisation(net.build(net.dense('classifier', x, 5)));
}
