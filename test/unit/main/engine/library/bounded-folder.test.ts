import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openBoundedFolder } from '../../../../../src/main/engine/library/bounded-folder.js';
import { makeFolder, removeFolder } from '../../../../support/images.js';

let folder: string;
beforeEach(() => (folder = makeFolder('bounded')));
afterEach(() => removeFolder(folder));

const PATTERN = /^\d+\/\d+\.bin/;
const open = (maxBytes: number) => openBoundedFolder(folder, PATTERN, maxBytes);
const age = (name: string, days: number): void => {
  const time = new Date(Date.now() - days * 86_400_000);
  utimesSync(join(folder, name), time, time);
};

it('keeps under its bound, and deletes first what was used longest ago', async () => {
  const store = open(1000);
  writeFileSync(join(folder, 'somebody.txt'), 'x'.repeat(5000));
  for (let number = 0; number < 5; number++) {
    await store.write(`${number}/1.bin`, Buffer.alloc(200, number));
    age(`${number}/1.bin`, 10 - number);
  }
  expect(await store.find('0/1.bin')).toBe(join(folder, '0/1.bin'));
  await store.write('5/1.bin', Buffer.alloc(200, 5));
  const left = [0, 1, 2, 3, 4, 5].filter((number) => existsSync(join(folder, `${number}/1.bin`)));
  expect(left).toEqual([0, 3, 4, 5]);
  expect(await store.find('1/1.bin')).toBeNull();
  expect(readFileSync(join(folder, '5/1.bin'))).toEqual(Buffer.alloc(200, 5));
  expect(existsSync(join(folder, 'somebody.txt'))).toBe(true);
});

it('counts what an earlier process has left, halves of files included', async () => {
  await open(1e6).write('1/1.bin', Buffer.alloc(600));
  writeFileSync(join(folder, '1', '2.bin.half-written'), Buffer.alloc(600));
  age('1/1.bin', 2);
  age('1/2.bin.half-written', 3);
  await open(1000).write('3/1.bin', Buffer.alloc(300));
  expect(existsSync(join(folder, '1', '2.bin.half-written'))).toBe(false);
  expect(await open(1000).find('3/1.bin')).not.toBeNull();
});
