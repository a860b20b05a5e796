import { GraftError, invariant } from '../../../shared/errors.js';
import { efficientnetB0, efficientnetLite0, efficientnetLite1, efficientnetLite2 } from './efficientnet.js';
import { mobilenetV2 } from './mobilenet-v2.js';
import { mobilenetV3Large, mobilenetV3Small } from './mobilenet-v3.js';
import { resnet18, resnet34, resnet50 } from './resnet.js';
import { testTiny } from './test-tiny.js';
import type { BackboneDefinition } from './types.js';

/** Every backbone that users are offered, the default first. */
export const BACKBONES: readonly BackboneDefinition[] = [
  efficientnetLite2,
  efficientnetLite1,
  efficientnetLite0,
  efficientnetB0,
  mobilenetV2,
  mobilenetV3Small,
  mobilenetV3Large,
  resnet18,
  resnet34,
  resnet50,
];

/** Known by name, never listed: a network of a few thousand weights on which the whole engine is tested in seconds. */
const HIDDEN: readonly BackboneDefinition[] = [testTiny];

const byId = new Map([...BACKBONES, ...HIDDEN].map((definition) => [definition.id, definition]));
invariant(byId.size === BACKBONES.length + HIDDEN.length, 'backbone ids are unique');

/**
 * Looks a backbone up.
 *
 * @throws GraftError `unknown-backbone` listing what there is
 */
export function getBackbone(id: string): BackboneDefinition {
  const definition = byId.get(id);
  if (definition) return definition;
  const known = BACKBONES.map((backbone) => backbone.id).join(', ');
  throw new GraftError('unknown-backbone', `expected a backbone among ${known}, received "${id}"`);
}
