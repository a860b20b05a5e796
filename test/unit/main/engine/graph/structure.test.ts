import { describe, expect, it } from 'vitest';
import { BACKBONES, getBackbone } from '../../../../../src/main/engine/backbones/registry.js';
import { NetworkBuilder } from '../../../../../src/main/engine/graph/builder.js';
import { stageCosts } from '../../../../../src/main/engine/graph/cost.js';
import { inferShapes, slideLength } from '../../../../../src/main/engine/graph/shapes.js';
import { SLICE_INPUT, sliceNetwork } from '../../../../../src/main/engine/graph/slice.js';
import type { Network } from '../../../../../src/main/engine/graph/types.js';
import { TORCHVISION_INPUT } from '../../../../../src/main/engine/backbones/types.js';

describe('slideLength', () => {
  // Explicit: torch.nn.Conv2d's output lengths. Same: tf.nn.conv2d's.
  it.each([
    [224, 7, 2, 3, 112],
    [112, 3, 2, 1, 56],
    [56, 1, 2, 0, 28],
    [57, 1, 2, 0, 29],
    [7, 3, 1, 1, 7],
    [5, 5, 1, 0, 1],
    [260, 3, 2, 'same', 130],
    [65, 5, 2, 'same', 33],
    [17, 3, 1, 'same', 17],
    [2, 5, 2, 'same', 1],
  ] as const)('%i by %i, stride %i, padding %s is %i', (length, kernelSize, stride, padding, expected) => {
    expect(slideLength(length, kernelSize, stride, padding)).toBe(expected);
  });
});

describe('inferShapes', () => {
  it("follows table 1 of the ResNet paper and MobileNetV2's table 2", () => {
    const resnet = inferShapes(getBackbone('resnet50').build());
    expect(resnet.get('conv1')).toEqual([112, 112, 64]);
    expect(resnet.get('maxpool')).toEqual([56, 56, 64]);
    expect(resnet.get('layer1.2.relu')).toEqual([56, 56, 256]);
    expect(resnet.get('layer2.3.relu')).toEqual([28, 28, 512]);
    expect(resnet.get('layer3.5.relu')).toEqual([14, 14, 1024]);
    expect(resnet.get('layer4.2.relu')).toEqual([7, 7, 2048]);
    expect(resnet.get('fc')).toEqual([1000]);
    const mobilenet = inferShapes(getBackbone('mobilenet_v2').build());
    expect(mobilenet.get('features.17.conv.3')).toEqual([7, 7, 320]);
    expect(mobilenet.get('features.18.2')).toEqual([7, 7, 1280]);
  });

  it('has a shape for every node', () => {
    const net = getBackbone('test_tiny').build();
    expect([...inferShapes(net).keys()]).toEqual(net.nodes.map(({ name }) => name));
  });
});

describe('stageCosts', () => {
  it('counts by hand what one stage of the small net costs', () => {
    const costs = stageCosts(getBackbone('test_tiny').build());
    expect(costs.map(({ name }) => name)).toEqual(['stem', 'block1', 'block2', 'top', 'classifier']);
    // stem: 16×16 outputs, 3×3 window, 3 → 8 channels; weights and batch norm's two vectors.
    expect(costs[0]).toMatchObject({ multiplyAdds: 16 * 16 * 9 * 3 * 8, parameters: 9 * 3 * 8 + 2 * 8 });
    // block1 at 8×8: depthwise 3×3, squeeze-excite 8 → 4 → 8, projection 8 → 8.
    expect(costs[1]).toMatchObject({
      multiplyAdds: 64 * 9 * 8 + 2 * 8 * 4 + 64 * 8 * 8,
      parameters: 9 * 8 + 2 * 8 + (8 * 4 + 4) + (4 * 8 + 8) + 8 * 8 + 2 * 8,
    });
    expect(costs[4]).toMatchObject({ multiplyAdds: 320, parameters: 330 });
  });
});

describe('sliceNetwork', () => {
  it.each([...BACKBONES.map(({ id }) => id), 'test_tiny'])(
    'cuts %s at every stage, and the parts make the whole',
    (id) => {
      const network = getBackbone(id).build();
      const shapes = inferShapes(network);
      let crossing: readonly number[] | undefined;
      const parts: Network[] = [];
      // The classifier reads the pooled vector: a cut there is no picture, and the head replaces it anyway.
      for (let stage = 0; stage < network.stages.length - 1; stage++) {
        const part = sliceNetwork(network, stage, stage + 1);
        const [input] = part.nodes;
        expect(input?.op).toBe('input');
        if (crossing && input?.op === 'input') expect(input.shape).toEqual(crossing);
        expect(part.nodes.every((node) => node.stage === 0)).toBe(true);
        expect(part.stages).toEqual([network.stages[stage]]);
        const own = inferShapes(part);
        for (const [name, shape] of own) if (name !== SLICE_INPUT) expect(shape).toEqual(shapes.get(name));
        crossing = own.get(part.output);
        parts.push(part);
      }
      const names = parts.flatMap((part) => part.params.map(({ name }) => name));
      const classifier = network.params.filter(({ stage }) => stage === network.stages.length - 1);
      expect([...names, ...classifier.map(({ name }) => name)]).toEqual(network.params.map(({ name }) => name));
    },
  );

  it('keeps a whole network as it is', () => {
    const network = getBackbone('test_tiny').build();
    expect(sliceNetwork(network, 0, network.stages.length)).toEqual(network);
  });

  /** Three stages; the third reads the first past the second. */
  function withShortcut(addsSecond: boolean): Network {
    const net = new NetworkBuilder();
    net.stage('a');
    const a = net.conv('a', net.input(TORCHVISION_INPUT), 4, { kernelSize: 1 });
    net.stage('b');
    const b = net.conv('b', a, 4, { kernelSize: 1 });
    net.stage('c');
    return net.build(addsSecond ? net.add2('c', a, b) : net.activation('c', a, 'relu'));
  }

  it('refuses a cut that more than one tensor crosses', () => {
    expect(() => sliceNetwork(withShortcut(true), 2, 3)).toThrow('one tensor crosses into stage 2, found a, b');
    expect(() => sliceNetwork(withShortcut(true), 1, 2)).toThrow('one tensor crosses into stage 2, found a, b');
    expect(sliceNetwork(withShortcut(true), 0, 1).output).toBe('a');
  });

  it('refuses a stage that makes nothing of what is read after it', () => {
    expect(() => sliceNetwork(withShortcut(false), 1, 2)).toThrow('stages 1 to 2 make a');
  });

  it.each([
    [1, 1],
    [-1, 2],
    [0, 9],
  ])('refuses stages %i to %i', (from, to) => {
    expect(() => sliceNetwork(getBackbone('test_tiny').build(), from, to)).toThrow(`stages ${from} to ${to} of 5`);
  });
});

describe('NetworkBuilder', () => {
  it('refuses a name twice, an unknown input, an unequal sum and a node before the first stage', () => {
    const net = new NetworkBuilder();
    expect(() => net.input(TORCHVISION_INPUT)).toThrow('a stage has begun');
    net.stage('a');
    const x = net.input(TORCHVISION_INPUT);
    const y = net.conv('y', x, 8, { kernelSize: 1 });
    expect(() => net.conv('y', x, 8, { kernelSize: 1 })).toThrow('node y is new');
    expect(() => net.conv('z', 'nowhere', 8, { kernelSize: 1 })).toThrow('node nowhere exists');
    expect(() => net.add2('sum', x, y)).toThrow('equal channels');
    expect(() => net.stage('a')).toThrow('stage a begins once');
    expect(() => net.build('nowhere')).toThrow('node nowhere exists');
  });
});
