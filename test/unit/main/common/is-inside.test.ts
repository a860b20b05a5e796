import { join, sep } from 'node:path';
import { expect, it } from 'vitest';
import { isInside } from '../../../../src/main/common/is-inside.js';

it.each([
  ['data', 'data', true],
  ['data', `data${sep}a`, true],
  ['data', `data${sep}..a`, true],
  ['data', 'data-evil', false],
  ['data', `data${sep}..${sep}b`, false],
  ['data', '.', false],
])('isInside(%s, %s) is %s', (root, path, expected) => {
  expect(isInside(join('/folder', root), join('/folder', path))).toBe(expected);
});
