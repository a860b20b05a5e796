import { beforeAll, describe, expect, it } from 'vitest';
import { mirrorNodes } from '../../../../../src/main/engine/compiled/mirror.js';
import { encodeTrainGraph } from '../../../../../src/main/engine/compiled/train-graph.js';
import { createCompiledTrainer } from '../../../../../src/main/engine/compiled/train-session.js';
import { NetworkBuilder } from '../../../../../src/main/engine/graph/builder.js';
import type { Network } from '../../../../../src/main/engine/graph/types.js';
import { loadTensorFlow, type TensorFlow } from '../../../../../src/main/engine/tf.js';
import type { OptimizerSpec } from '../../../../../src/shared/recipe.js';
import { expectToFollowEager } from './follow-eager.js';
import { graphOptions, makeBatches, settingFrom } from './train-setting.js';

const INPUT = { size: 32, resize: 36, interpolation: 'bilinear', mean: [120, 115, 105], std: [60, 60, 60] } as const;
const NORM = { epsilon: 1e-3, momentum: 0.1 };

/** Padded as PyTorch's networks are, with ResNet's shortcut and a filter that is larger than its pictures. */
function buildPadded(): Network {
  const net = new NetworkBuilder();
  net.stage('stem');
  let x = net.conv('stem.conv', net.input(INPUT), 8, { kernelSize: 7, stride: 2, padding: 3 }); // 32 -> 16
  x = net.activation('stem.relu', net.batchNorm('stem.bn', x, NORM), 'relu');
  x = net.maxPool('stem.pool', x, 3, 2, 1); // 16 -> 8
  net.stage('down');
  let y = net.conv('down.conv', x, 32, { kernelSize: 3, stride: 2, padding: 1 }); // 8 -> 4
  y = net.activation('down.relu', net.batchNorm('down.bn', y, NORM), 'relu');
  y = net.batchNorm('down.bn2', net.conv('down.conv2', y, 32, { kernelSize: 3, padding: 1 }), NORM);
  const shortcut = net.conv('down.shortcut', x, 32, { kernelSize: 1, stride: 2 });
  x = net.add2('down.add', y, net.batchNorm('down.shortcut_bn', shortcut, NORM));
  net.stage('depthwise');
  x = net.depthwise('depthwise.conv', net.activation('depthwise.relu', x, 'relu'), {
    kernelSize: 3,
    stride: 2,
    padding: 1,
  });
  x = net.activation('depthwise.relu6', net.batchNorm('depthwise.bn', x, NORM), 'relu6');
  return net.build(net.globalAveragePool('pool', x));
}

const padded = buildPadded();
// A bias before a batch's own statistics has no gradient but rounding, which a small epsilon would blow up to full steps.
const OPTIMIZERS: readonly (readonly [string, OptimizerSpec, number])[] = [
  ['Nesterov', { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.05 }, 0.005],
  ['AdamW', { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-4, weightDecay: 0.05 }, 0.001],
];
const CUTS = [0, 1].flatMap((cut) => (['frozen', 'batch'] as const).map((batchNorm) => [cut, batchNorm] as const));

let tf: TensorFlow;
beforeAll(async () => {
  tf = await loadTensorFlow();
});

describe('a network that is trained upside down', () => {
  it('begins its 1×1 convolutions at the second pixel and pads by SAME alone', () => {
    const mirrored = mirrorNodes(settingFrom(0, padded).network)!;
    expect(mirrored.seconds).toEqual(new Set(['down.shortcut']));
    const strided = mirrored.network.nodes.filter((node) => 'stride' in node && node.stride === 2);
    expect(strided.map((node) => 'padding' in node && node.padding)).toEqual(['same', 'same', 'same', 0, 'same']);
    const graph = new TextDecoder('latin1').decode(
      encodeTrainGraph(graphOptions(settingFrom(0, padded), OPTIMIZERS[0]![1], 'frozen', false), 'x'),
    );
    expect(graph).not.toContain('/padded');
  });

  it.each(CUTS)('from stage %i, batch norm %s, follows the eager one', async (stage, batchNorm) => {
    const setting = settingFrom(stage, padded);
    expect(mirrorNodes(setting.network)).not.toBeNull();
    const trainer = await createCompiledTrainer(
      tf,
      graphOptions(setting, OPTIMIZERS[0]![1], batchNorm, true),
      setting.weights,
    );
    expect(await trainer.readWeights()).toEqual(new Map(setting.weights));
    trainer.dispose();
    for (const [, optimizer, lr] of OPTIMIZERS) {
      await expectToFollowEager(tf, setting, graphOptions(setting, optimizer, batchNorm, true), lr);
    }
  });

  it('goes on from weights and an optimizer that were read, bit for bit', async () => {
    const setting = settingFrom(0, padded);
    const options = graphOptions(setting, OPTIMIZERS[0]![1], 'batch', false);
    const [batch] = makeBatches(tf, setting, false);
    const begin = () => createCompiledTrainer(tf, options, setting.weights);
    const [first, second] = [await begin(), await begin()];
    const go = (trainer: typeof first): number[] => {
      const logits = trainer.step(batch!.cut, batch!.targets, 0.01, null);
      const values = [...logits.dataSync()];
      logits.dispose();
      return values;
    };
    go(first);
    go(first);
    const [weights, memory] = [first.snapshot(), first.readOptimizer()];
    second.restore(weights);
    second.restoreOptimizer(memory);
    for (let step = 0; step < 3; step++) expect(go(second)).toEqual(go(first));
    expect(await second.readWeights()).toEqual(await first.readWeights());
    first.dispose();
    second.dispose();
  });
});
