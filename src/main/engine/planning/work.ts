import type { BackboneDefinition } from '../backbones/types.js';
import { stageCosts } from '../graph/cost.js';
import { truncateNetwork } from '../graph/head.js';
import { inferShapes } from '../graph/shapes.js';

/**
 * An activation that is written and read costs as much as so many multiply-adds. Fitted to EfficientNet-Lite0, whole and
 * cut before each of its last stages, on two cores.
 */
const MULTIPLY_ADDS_PER_ACTIVATION = 75;

/** What a stage costs, for one picture. */
export interface StageWork {
  readonly name: string;
  /** Work in multiply-adds, memory traffic included: proportional to time. */
  readonly work: number;
  readonly parameters: number;
  /** Values that its convolutions write. */
  readonly activations: number;
}

/** Work of a backbone's stages up to its features, from the input to the head. */
export function stageWork(definition: BackboneDefinition): StageWork[] {
  const trunk = truncateNetwork(definition.build(), definition.featuresNode);
  const shapes = inferShapes(trunk);
  return stageCosts(trunk).map(({ name, multiplyAdds, parameters }, stage) => {
    const activations = trunk.nodes
      .filter((node) => node.stage === stage && (node.op === 'conv' || node.op === 'depthwise_conv'))
      .reduce((sum, node) => sum + shapes.get(node.name)!.reduce((a, b) => a * b, 1), 0);
    return { name, work: multiplyAdds + MULTIPLY_ADDS_PER_ACTIVATION * activations, parameters, activations };
  });
}

/** Sum of a field over stages. */
export const sumOver = (stages: readonly StageWork[], field: 'work' | 'parameters' | 'activations'): number =>
  stages.reduce((sum, stage) => sum + stage[field], 0);
