import { describe, expect, it } from 'vitest';
import { baseName, joinPath, safeName } from '../../../../src/renderer/host/paths.js';

describe('paths of either style', () => {
  it.each([
    ['/home/a', 'b', '/home/a/b'],
    ['/', 'b', '/b'],
    ['C:\\Users\\a', 'b', 'C:\\Users\\a\\b'],
    ['C:\\', 'b', 'C:\\b'],
  ])('joins %s and %s', (folder, name, expected) => expect(joinPath(folder, name)).toBe(expected));

  it.each([
    ['/a/b.jpg', 'b.jpg'],
    ['C:\\a\\b.jpg', 'b.jpg'],
    ['/a/b/', 'b'],
    ['/', '/'],
  ])('takes the last part of %s', (path, expected) => expect(baseName(path)).toBe(expected));

  it.each([
    ['ants and bees', 'ants-and-bees'],
    ['../../etc', 'etc'],
    ['a/b\\c:d', 'a-b-c-d'],
    ['螞蟻 1', '螞蟻-1'],
    ['...', 'model'],
    ['x'.repeat(200), 'x'.repeat(80)],
  ])('makes %s a name for a file', (name, expected) => expect(safeName(name)).toBe(expected));
});
