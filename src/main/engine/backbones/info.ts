import type { BackboneInfo } from '../../../shared/reports.js';
import { stageCosts } from '../graph/cost.js';
import { rememberedSpeed } from '../planning/speed-record.js';
import { storedFile } from './store.js';
import type { BackboneDefinition } from './types.js';

/** Describes a backbone to the user: what it is, what it costs, whether it is here. */
export async function backboneInfo(definition: BackboneDefinition): Promise<BackboneInfo> {
  const costs = stageCosts(definition.build());
  const sum = (pick: (cost: (typeof costs)[number]) => number): number =>
    costs.reduce((total, cost) => total + pick(cost), 0);
  const { weights } = definition;
  return {
    id: definition.id,
    label: definition.label,
    paper: definition.paper,
    licence: definition.licence,
    imageNetAccuracy: definition.imageNetAccuracy,
    parameters: sum((cost) => cost.parameters),
    multiplyAdds: sum((cost) => cost.multiplyAdds),
    input: definition.input,
    featureSize: definition.featureSize,
    // The last stage is ImageNet's classifier, which a run replaces.
    stages: costs.slice(0, -1).map(({ name }) => name),
    file: await storedFile(definition.id),
    source: weights.kind === 'torch-hub' ? weights.url : `Python package ${weights.package} ${weights.version}`,
    imagesPerSecond: await rememberedSpeed(definition.id),
  };
}
