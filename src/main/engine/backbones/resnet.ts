import { NetworkBuilder } from '../graph/builder.js';
import type { Network } from '../graph/types.js';
import { BATCH_COUNTERS, type BackboneDefinition, TORCHVISION_INPUT, torchHub } from './types.js';

/** He et al., "Deep residual learning for image recognition" (2016), table 1; names and strides as torchvision's. */
interface ResNetTable {
  readonly block: 'basic' | 'bottleneck';
  /** Blocks in each of the four layers. */
  readonly layers: readonly [number, number, number, number];
}

const WIDTHS = [64, 128, 256, 512] as const;
const EXPANSION = { basic: 1, bottleneck: 4 } as const;
const NORM = { epsilon: 1e-5, momentum: 0.1 };

function buildResNet({ block, layers }: ResNetTable): Network {
  const net = new NetworkBuilder();
  net.stage('stem');
  let x = net.input(TORCHVISION_INPUT);
  x = net.conv('conv1', x, 64, { kernelSize: 7, stride: 2, padding: 3 }); // 224 -> 112
  x = net.activation('relu', net.batchNorm('bn1', x, NORM), 'relu');
  x = net.maxPool('maxpool', x, 3, 2, 1); // 112 -> 56

  layers.forEach((count, layer) => {
    net.stage(`layer${layer + 1}`);
    const width = WIDTHS[layer]!;
    const output = width * EXPANSION[block];
    for (let index = 0; index < count; index++) {
      const name = `layer${layer + 1}.${index}`;
      const stride = layer > 0 && index === 0 ? 2 : 1;
      // Torchvision's bottleneck strides in its 3×3 convolution ("ResNet v1.5").
      const convs =
        block === 'basic'
          ? [
              [3, width, stride],
              [3, width, 1],
            ]
          : [
              [1, width, 1],
              [3, width, stride],
              [1, output, 1],
            ];
      let y = x;
      convs.forEach(([kernelSize, filters, convStride], i) => {
        const padding = kernelSize === 3 ? 1 : 0;
        y = net.conv(`${name}.conv${i + 1}`, y, filters!, { kernelSize: kernelSize!, stride: convStride!, padding });
        y = net.batchNorm(`${name}.bn${i + 1}`, y, NORM);
        if (i < convs.length - 1) y = net.activation(`${name}.relu${i + 1}`, y, 'relu');
      });
      if (stride !== 1 || net.channelsOf(x) !== output) {
        x = net.conv(`${name}.downsample.0`, x, output, { kernelSize: 1, stride });
        x = net.batchNorm(`${name}.downsample.1`, x, NORM);
      }
      x = net.activation(`${name}.relu`, net.add2(`${name}.add`, y, x), 'relu');
    }
  });
  const pooled = net.globalAveragePool('avgpool', x);
  net.stage('classifier');
  return net.build(net.dense('fc', pooled, 1000));
}

function defineResNet(
  depth: number,
  table: ResNetTable,
  fileName: string,
  imageNetAccuracy: number,
): BackboneDefinition {
  return {
    id: `resnet${depth}`,
    label: `ResNet-${depth}`,
    paper: 'https://arxiv.org/abs/1512.03385',
    licence: 'BSD-3-Clause',
    imageNetAccuracy,
    input: TORCHVISION_INPUT,
    weights: torchHub(fileName),
    ignore: [BATCH_COUNTERS],
    featuresNode: 'avgpool',
    featureSize: 512 * EXPANSION[table.block],
    logitsNode: 'fc',
    build: () => buildResNet(table),
  };
}

export const resnet18 = defineResNet(18, { block: 'basic', layers: [2, 2, 2, 2] }, 'resnet18-f37072fd.pth', 0.69758);
export const resnet34 = defineResNet(34, { block: 'basic', layers: [3, 4, 6, 3] }, 'resnet34-b627a593.pth', 0.73314);
export const resnet50 = defineResNet(
  50,
  { block: 'bottleneck', layers: [3, 4, 6, 3] },
  'resnet50-0676ba61.pth',
  0.7613,
);
