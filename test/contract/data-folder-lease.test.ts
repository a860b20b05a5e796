import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DataFolderLease, leaseDataFolder } from '../../src/main/hub/data-folder-lease.js';
import { processStart } from '../../src/main/common/processes.js';
import { bundleFixture } from '../support/bundle.js';

let entry = '';
beforeAll(async () => {
  entry = await bundleFixture(join(import.meta.dirname, 'fixtures', 'lease-holder.ts'));
});
afterAll(() => rmSync(dirname(entry), { recursive: true, force: true }));

let folder = '';
let file = '';
const held: DataFolderLease[] = [];
const children: ChildProcess[] = [];
let said: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'graft-lease-'));
  file = join(folder, 'app.lock');
  said = [];
});
afterEach(async () => {
  for (const lease of held.splice(0)) await lease.release();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function take(kind: 'desktop' | 'browser' = 'browser'): Promise<DataFolderLease> {
  const options = { kind, log: (line: string) => void said.push(line), renewMs: 20, watchMs: 200 };
  const lease = await leaseDataFolder(folder, options);
  held.push(lease);
  return lease;
}

async function startHolder(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [entry, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

const facts = {
  ...{ token: 't', pid: process.pid, start: null, machine: hostname(), kind: 'desktop' },
  ...{ since: '2026-01-01T00:00:00Z', address: null },
} as const;
const write = (changes: Partial<Record<keyof typeof facts, unknown>>): void =>
  writeFileSync(file, JSON.stringify({ ...facts, ...changes }));
const holder = (): typeof facts => JSON.parse(readFileSync(file, 'utf8')) as typeof facts;

describe('the lease of a data folder', () => {
  it('is refused while another process holds it, with what to do; and is free at once when that one was killed', async () => {
    const child = await startHolder();
    const refused = take();
    await expect(refused).rejects.toMatchObject({
      code: 'conflict',
      details: { pid: child.pid, address: 'http://127.0.0.1:1/#token=t' },
    });
    await expect(refused).rejects.toThrow(/Open http:\/\/127\.0\.0\.1:1\/#token=t instead.*GRAFT_HOME.*graft train/);
    expect(holder().pid).toBe(child.pid);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(file)).toBe(true);
    await take();
    expect(holder().pid).toBe(process.pid);
  });

  it('is free when it was given back, and is kept from others of this process', async () => {
    const first = await take('desktop');
    await expect(take()).rejects.toThrow(/in use by Graft's window \(process \d+, since .*Use that window, or quit it/);
    await first.release();
    await first.release();
    expect(readdirSync(folder)).toEqual([]);
    await take();
  });

  it('goes to one of many who ask at once, also over one that nobody holds any more', async () => {
    for (const isStale of [false, true]) {
      if (isStale) write({ pid: 2 ** 22 + 1 });
      const asked = await Promise.allSettled(Array.from({ length: 12 }, () => take()));
      expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const lease of held.splice(0)) await lease.release();
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not bind by a number that another process has now', async () => {
    write({ pid: process.pid });
    await (await take()).release();
    const other = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1e5)'], { stdio: 'ignore' });
    children.push(other);
    await once(other, 'spawn');
    const isTold = (await processStart(process.pid)) !== null;
    if (isTold) {
      write({ pid: other.pid, start: 'another boot 5' });
      await (await take()).release();
    }
    write({ pid: other.pid });
    await expect(take()).rejects.toMatchObject({ code: 'conflict' });
    utimesSync(file, new Date(1e12), new Date(1e12));
    await take();
  });

  it('on another machine, or in words that mean nothing, binds as long as its time is renewed', async () => {
    for (const text of [JSON.stringify({ ...facts, machine: 'elsewhere' }), '{"tok', '']) {
      writeFileSync(file, text);
      let ticks = 0;
      const renewal = setInterval(() => utimesSync(file, new Date(1e12 + ++ticks), new Date(1e12 + 1000 * ticks)), 15);
      await expect(take()).rejects.toMatchObject({ code: 'conflict' });
      clearInterval(renewal);
      await (await take()).release();
    }
  });

  it('is renewed, put back when somebody deletes it, and read by the user alone', async () => {
    const lease = await take();
    await lease.announce('http://127.0.0.1:2/#token=secret');
    expect(readdirSync(folder)).toEqual(['app.lock']);
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o077).toBe(0);
    const past = new Date(1e12);
    utimesSync(file, past, past);
    await expect.poll(() => statSync(file).mtimeMs).toBeGreaterThan(past.getTime());
    rmSync(file);
    await expect.poll(() => existsSync(file) && holder().address).toBe('http://127.0.0.1:2/#token=secret');
    expect(said).toEqual([]);
  });

  it('that another has taken is neither renewed nor given back, and that is said', async () => {
    const lease = await take();
    write({ token: 'another' });
    await expect.poll(() => said.join('\n')).toMatch(/is in use by Graft's window/);
    await lease.announce('http://127.0.0.1:3');
    await lease.release();
    expect(holder()).toMatchObject({ token: 'another', address: null });
    expect(readdirSync(folder)).toEqual(['app.lock']);
  });
});
