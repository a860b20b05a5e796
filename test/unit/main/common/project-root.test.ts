import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findProjectRoot } from '../../../../src/main/common/project-root.js';
import { ROOT } from '../../../support/shared-data.js';

it('is the folder of our package.json, from the sources and from the build', () => {
  expect(findProjectRoot()).toBe(ROOT);
  expect(findProjectRoot(join(ROOT, 'out', 'main', 'chunks', 'a.js'))).toBe(ROOT);
  expect(existsSync(join(findProjectRoot(), 'src', 'main', 'common', 'project-root.ts'))).toBe(true);
});

it('is not found where there is none', () => {
  expect(() => findProjectRoot('/nowhere/a.js')).toThrow(/no package\.json named graft above/);
});
