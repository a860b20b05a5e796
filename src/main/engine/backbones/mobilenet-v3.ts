import { NetworkBuilder } from '../graph/builder.js';
import type { ActivationKind, Network } from '../graph/types.js';
import { BATCH_COUNTERS, type BackboneDefinition, makeDivisible, TORCHVISION_INPUT, torchHub } from './types.js';

type Row = readonly [
  kernel: number,
  expand: number,
  out: number,
  squeeze: boolean,
  activation: 'RE' | 'HS',
  stride: number,
];

/** Howard et al., "Searching for MobileNetV3" (2019), table 1. */
const LARGE: readonly Row[] = [
  [3, 16, 16, false, 'RE', 1], // 112
  [3, 64, 24, false, 'RE', 2], // 112 -> 56
  [3, 72, 24, false, 'RE', 1],
  [5, 72, 40, true, 'RE', 2], // 56 -> 28
  [5, 120, 40, true, 'RE', 1],
  [5, 120, 40, true, 'RE', 1],
  [3, 240, 80, false, 'HS', 2], // 28 -> 14
  [3, 200, 80, false, 'HS', 1],
  [3, 184, 80, false, 'HS', 1],
  [3, 184, 80, false, 'HS', 1],
  [3, 480, 112, true, 'HS', 1],
  [3, 672, 112, true, 'HS', 1],
  [5, 672, 160, true, 'HS', 2], // 14 -> 7
  [5, 960, 160, true, 'HS', 1],
  [5, 960, 160, true, 'HS', 1],
];

/** Table 2. */
const SMALL: readonly Row[] = [
  [3, 16, 16, true, 'RE', 2], // 112 -> 56
  [3, 72, 24, false, 'RE', 2], // 56 -> 28
  [3, 88, 24, false, 'RE', 1],
  [5, 96, 40, true, 'HS', 2], // 28 -> 14
  [5, 240, 40, true, 'HS', 1],
  [5, 240, 40, true, 'HS', 1],
  [5, 120, 48, true, 'HS', 1],
  [5, 144, 48, true, 'HS', 1],
  [5, 288, 96, true, 'HS', 2], // 14 -> 7
  [5, 576, 96, true, 'HS', 1],
  [5, 576, 96, true, 'HS', 1],
];

const NORM = { epsilon: 1e-3, momentum: 0.01 };
const ACTIVATIONS = { RE: 'relu', HS: 'hard_swish' } as const satisfies Record<string, ActivationKind>;

function buildMobileNetV3(rows: readonly Row[], classifierWidth: number): Network {
  const net = new NetworkBuilder();
  const convNorm = (
    name: string,
    x: string,
    filters: number | null,
    kernelSize: number,
    stride: number,
    kind: ActivationKind,
  ): string => {
    const options = { kernelSize, stride, padding: (kernelSize - 1) / 2 };
    const y = filters === null ? net.depthwise(`${name}.0`, x, options) : net.conv(`${name}.0`, x, filters, options);
    return net.activation(`${name}.2`, net.batchNorm(`${name}.1`, y, NORM), kind);
  };
  net.stage('stem');
  let x = convNorm('features.0', net.input(TORCHVISION_INPUT), 16, 3, 2, 'hard_swish'); // 224 -> 112
  let stage = 0;
  rows.forEach(([kernelSize, expand, out, squeeze, activation, stride], row) => {
    // A stage is what runs at one resolution.
    if (row === 0 || stride === 2) net.stage(`block${++stage}`);
    const name = `features.${row + 1}.block`;
    const kind = ACTIVATIONS[activation];
    const input = net.channelsOf(x);
    let part = 0;
    let y = x;
    if (expand !== input) y = convNorm(`${name}.${part++}`, y, expand, 1, 1, kind);
    y = convNorm(`${name}.${part++}`, y, null, kernelSize, stride, kind);
    if (squeeze) y = net.squeezeExcite(`${name}.${part++}`, y, makeDivisible(expand / 4), 'relu', 'hard_sigmoid');
    y = convNorm(`${name}.${part}`, y, out, 1, 1, 'linear');
    x = stride === 1 && input === out ? net.add2(`${name}.add`, x, y) : y;
  });
  net.stage('top');
  x = convNorm(`features.${rows.length + 1}`, x, 6 * net.channelsOf(x), 1, 1, 'hard_swish');
  const pooled = net.globalAveragePool('avgpool', x);
  net.stage('classifier');
  const hidden = net.activation('classifier.1', net.dense('classifier.0', pooled, classifierWidth), 'hard_swish');
  return net.build(net.dense('classifier.3', hidden, 1000));
}

const shared = {
  paper: 'https://arxiv.org/abs/1905.02244',
  licence: 'BSD-3-Clause',
  input: TORCHVISION_INPUT,
  ignore: [BATCH_COUNTERS],
  featuresNode: 'avgpool',
  logitsNode: 'classifier.3',
} as const;

export const mobilenetV3Small: BackboneDefinition = {
  ...shared,
  id: 'mobilenet_v3_small',
  label: 'MobileNetV3 small',
  imageNetAccuracy: 0.67668,
  weights: torchHub('mobilenet_v3_small-047dcff4.pth'),
  featureSize: 576,
  build: () => buildMobileNetV3(SMALL, 1024),
};

export const mobilenetV3Large: BackboneDefinition = {
  ...shared,
  id: 'mobilenet_v3_large',
  label: 'MobileNetV3 large',
  imageNetAccuracy: 0.74042,
  weights: torchHub('mobilenet_v3_large-8738ca79.pth'),
  featureSize: 960,
  build: () => buildMobileNetV3(LARGE, 1280),
};
