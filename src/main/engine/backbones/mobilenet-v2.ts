import { NetworkBuilder } from '../graph/builder.js';
import type { Network } from '../graph/types.js';
import { BATCH_COUNTERS, type BackboneDefinition, TORCHVISION_INPUT, torchHub } from './types.js';

/** Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks" (2018), table 2. */
const ROWS: readonly (readonly [expand: number, out: number, repeat: number, stride: number])[] = [
  [1, 16, 1, 1], // 112
  [6, 24, 2, 2], // 112 -> 56
  [6, 32, 3, 2], // 56 -> 28
  [6, 64, 4, 2], // 28 -> 14
  [6, 96, 3, 1], // 14
  [6, 160, 3, 2], // 14 -> 7
  [6, 320, 1, 1], // 7
];

const NORM = { epsilon: 1e-5, momentum: 0.1 };
const TOP = 1280;

function buildMobileNetV2(): Network {
  const net = new NetworkBuilder();
  /** A convolution of torchvision's `Conv2dNormActivation`, whose parts are `.0` and `.1`. */
  const convNormRelu = (
    name: string,
    x: string,
    filters: number | null,
    kernelSize: number,
    stride: number,
  ): string => {
    const options = { kernelSize, stride, padding: (kernelSize - 1) / 2 };
    const y = filters === null ? net.depthwise(`${name}.0`, x, options) : net.conv(`${name}.0`, x, filters, options);
    return net.activation(`${name}.2`, net.batchNorm(`${name}.1`, y, NORM), 'relu6');
  };
  net.stage('stem');
  let x = convNormRelu('features.0', net.input(TORCHVISION_INPUT), 32, 3, 2); // 224 -> 112
  let feature = 1;
  ROWS.forEach(([expand, out, repeat, rowStride], row) => {
    net.stage(`block${row + 1}`);
    for (let index = 0; index < repeat; index++) {
      const name = `features.${feature++}.conv`;
      const stride = index === 0 ? rowStride : 1;
      const input = net.channelsOf(x);
      let part = 0;
      let y = x;
      if (expand !== 1) y = convNormRelu(`${name}.${part++}`, y, input * expand, 1, 1);
      y = convNormRelu(`${name}.${part++}`, y, null, 3, stride);
      y = net.conv(`${name}.${part++}`, y, out, { kernelSize: 1 });
      y = net.batchNorm(`${name}.${part}`, y, NORM);
      x = stride === 1 && input === out ? net.add2(`${name}.add`, x, y) : y;
    }
  });
  net.stage('top');
  x = convNormRelu(`features.${feature}`, x, TOP, 1, 1);
  const pooled = net.globalAveragePool('avgpool', x);
  net.stage('classifier');
  return net.build(net.dense('classifier.1', pooled, 1000));
}

export const mobilenetV2: BackboneDefinition = {
  id: 'mobilenet_v2',
  label: 'MobileNetV2',
  paper: 'https://arxiv.org/abs/1801.04381',
  licence: 'BSD-3-Clause',
  imageNetAccuracy: 0.71878,
  input: TORCHVISION_INPUT,
  weights: torchHub('mobilenet_v2-b0353104.pth'),
  ignore: [BATCH_COUNTERS],
  featuresNode: 'avgpool',
  featureSize: TOP,
  logitsNode: 'classifier.1',
  build: buildMobileNetV2,
};
