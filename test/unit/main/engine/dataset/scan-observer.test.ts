import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Examination } from '../../../../../src/main/engine/dataset/examine.js';
import { openScanCache } from '../../../../../src/main/engine/dataset/scan-cache.js';
import { isImage, scanDataset } from '../../../../../src/main/engine/dataset/scan.js';
import { makeFolder, photoBytes, putFile, removeFolder } from '../../../../support/images.js';

let home: string;
let folder: string;
beforeEach(() => {
  home = makeFolder('scan-observer-home');
  folder = realpathSync(makeFolder('scan-observer'));
  vi.stubEnv('GRAFT_HOME', home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  removeFolder(home);
  removeFolder(folder);
});

describe('a scan that is watched', () => {
  it('tells of all files before it looks at the first, and of what it finds', async () => {
    for (let i = 0; i < 4; i++) putFile(join(folder, 'ants', `${i}.jpg`), await photoBytes(30, 20, i));
    putFile(join(folder, 'bees', 'words.jpg'), 'no picture');
    const told: string[] = [];
    const dataset = await scanDataset(folder, {
      observer: {
        onPlaced: ({ files }, { root, isComplete }) => told.push(`${root === folder} ${isComplete} ${files.length}`),
        onExamined: ({ entry }, found) => told.push(`${entry.path} ${isImage(found) ? found.width : found.code}`),
        beforeExamining: async () => void told.push('look'),
      },
    });
    expect(told[0]).toBe('true true 5');
    expect(told.filter((line) => line === 'look')).toHaveLength(5);
    expect(told.filter((line) => line.includes('/')).sort()).toEqual([
      'ants/0.jpg 30',
      'ants/1.jpg 30',
      'ants/2.jpg 30',
      'ants/3.jpg 30',
      'bees/words.jpg not-an-image',
    ]);
    expect(dataset).toEqual(await scanDataset(folder));
  });
});

describe('openScanCache', () => {
  const found = (id: string | null, code?: string): Examination => ({
    sizeBytes: 5,
    modifiedMs: 1.25,
    decoder: 2,
    id,
    width: 3,
    height: 4,
    format: 'jpeg',
    problem: code === undefined ? null : { code, message: 'why' },
  });
  const file = (): string =>
    join(home, 'cache', 'scans', `${createHash('sha256').update('/set').digest('hex')}.ndjson`);
  const linesOf = (): string[] => readFileSync(file(), 'utf8').split('\n').filter(Boolean);

  it('hands out what was kept, the last word about a path, past torn lines and beside another writer', async () => {
    const first = await openScanCache('/set');
    const other = await openScanCache('/set');
    first.keep('a', found('1'), undefined);
    first.keep('b', found(null, 'truncated'), undefined);
    first.keep('c', found(null, 'unreadable'), undefined);
    await first.close(null);
    appendFileSync(file(), '["d", 5, 1');
    other.keep('a', found('2'), undefined);
    await other.close(null);
    const again = await openScanCache('/set');
    const [a, b] = [again.take('a'), again.take('b')];
    expect([a, b, again.take('c'), again.take('d')]).toEqual([found('2'), found(null, 'truncated'), undefined, undefined]); // prettier-ignore
    expect(again.take('a')).toBeUndefined();
    again.keep('a', a!, a);
    await again.close(['a']);
    expect(linesOf()).toHaveLength(1);
    const last = await openScanCache('/set');
    expect(last.take('a')).toEqual(found('2'));
    last.keep('a', a!, a);
    await last.close(['a']);
    expect(linesOf()).toHaveLength(1);
  });

  it('costs nothing but time where it cannot be written', async () => {
    putFile(join(home, 'cache', 'scans'), 'a file where a folder should be');
    const cache = await openScanCache('/set');
    cache.keep('a', found('1'), undefined);
    await cache.close(['a']);
    expect((await openScanCache('/set')).take('a')).toBeUndefined();
    rmSync(join(home, 'cache', 'scans'));
  });
});
