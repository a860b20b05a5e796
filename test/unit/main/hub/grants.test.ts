import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isInside } from '../../../../src/main/common/is-inside.js';
import { createGrants } from '../../../../src/main/hub/grants.js';
import type { Grants } from '../../../../src/main/hub/types.js';
import { createStream } from '../../../../src/shared/random.js';

let folder = '';
let root = '';
let grants: Grants;
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'graft-grants-')));
  root = join(folder, 'data');
  for (const name of ['data/a/b', 'data-evil', 'outside/deep']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(root, 'a', 'file.jpg'), '');
  symlinkSync(join(folder, 'outside'), join(root, 'out'));
  symlinkSync(join(root, 'a'), join(root, 'in'));
  symlinkSync(join(folder, 'outside', 'nothing-yet'), join(root, 'dangling'));
  symlinkSync('loop', join(root, 'loop'));
  symlinkSync(root, join(folder, 'alias'));
  grants = await createGrants([root]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('grants', () => {
  it.each([
    ['', ''],
    ['a/b', 'a/b'],
    ['a/file.jpg', 'a/file.jpg'],
    ['new', 'new'],
    ['new/deeper/still', 'new/deeper/still'],
    ['in/b', 'a/b'],
    ['in/new', 'a/new'],
    ['a/../a/b', 'a/b'],
    ['a//b/', 'a/b'],
    ['a/file.jpg/below', 'a/file.jpg/below'],
    ['..data', '..data'],
  ])('let %j pass as %j', async (given, real) => {
    expect(await grants.check(`${root}/${given}`)).toBe(join(root, real));
  });

  it('let a link to a root pass as what it leads to', async () => {
    expect(await grants.check(join(folder, 'alias', 'a'))).toBe(join(root, 'a'));
  });

  it.each([
    '..',
    '../data-evil',
    '../data-evil/x',
    'a/../../outside',
    'a/../..',
    'out',
    'out/deep',
    'out/new',
    'dangling',
    'loop',
    'loop/x',
    'a\0',
    '\0',
  ])('refuse %j', async (given) => {
    await expect(grants.check(`${root}/${given}`)).rejects.toMatchObject({ code: 'not-granted' });
  });

  it.each(['', 'data', './data', '/', '/etc/passwd', '//server/share/x', '\\\\?\\C:\\x', '//?/C:/x', '~', '%2e%2e'])(
    'refuse %j',
    async (given) => {
      await expect(grants.check(given)).rejects.toMatchObject({ code: 'not-granted' });
    },
  );

  it('grow by what the user picks, a file alone included', async () => {
    const own = await createGrants([]);
    const file = join(folder, 'outside', 'deep');
    await expect(own.check(file)).rejects.toMatchObject({ code: 'not-granted' });
    await own.grant(join(root, 'out', 'deep'));
    expect(own.roots).toEqual([file]);
    expect(await own.check(file)).toBe(file);
    await expect(own.check(join(folder, 'outside'))).rejects.toMatchObject({ code: 'not-granted' });
  });

  it('never let a path out of the root, whatever it is made of', async () => {
    const parts = [
      'a',
      'b',
      '..',
      '.',
      '',
      'out',
      'in',
      'dangling',
      'loop',
      '..data',
      '...',
      'deep',
      '%2e%2e',
      '..\\..',
      'x',
    ];
    const stream = createStream(7, 'grants');
    let passed = 0;
    let refused = 0;
    for (let round = 0; round < 2000; round++) {
      const length = 1 + stream.integer(7);
      const chosen = Array.from({ length }, () => parts[stream.integer(parts.length)]!);
      const given = `${root}/${chosen.join('/')}`;
      try {
        const real = await grants.check(given);
        expect(isInside(root, real), given).toBe(true);
        expect(real.startsWith(join(folder, 'outside')), given).toBe(false);
        passed++;
      } catch (error) {
        expect(error, given).toMatchObject({ code: 'not-granted' });
        refused++;
      }
    }
    expect(passed).toBeGreaterThan(200);
    expect(refused).toBeGreaterThan(200);
  });
});
