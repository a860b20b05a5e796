import { expect, it } from 'vitest';
import { freshName } from '../../../../../src/renderer/pages/train/run-name.js';

it('numbers names that are taken', () => {
  expect(freshName('ResNet-18', [])).toBe('ResNet-18');
  expect(freshName('ResNet-18', ['ResNet-18', 'ResNet-18 3'])).toBe('ResNet-18 2');
  expect(freshName('ResNet-18', ['ResNet-18', 'ResNet-18 2'])).toBe('ResNet-18 3');
});
