import type { LinkId } from '../../shared/contract.js';

/** The only addresses that a host opens in the user's browser; pages name them by id. */
export const LINK_ADDRESSES: Readonly<Record<LinkId, string>> = {
  'tensorflow-help': 'https://www.tensorflow.org/js/guide/nodejs',
  backbones: 'https://github.com/huggingface/pytorch-image-models#models',
};
