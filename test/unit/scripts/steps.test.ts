import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isSupportedNode as isSupportedByCli } from '../../../src/main/cli/installation.js';
import { dataFolder as engineDataFolder } from '../../../src/main/common/data-folder.js';
import { ROOT } from '../../support/shared-data.js';
import {
  checkDownload,
  climb,
  countTests,
  dataFolder,
  isSupportedNode,
  lastLine,
  libtensorflowAddress,
  whatDiffers,
} from './load-scripts.js';

describe('isSupportedNode', () => {
  it.each([
    ['18.20.8', false],
    ['20.18.3', false],
    ['20.19.0', true],
    ['21.7.3', false],
    ['22.11.0', false],
    ['22.12.0', true],
    ['23.11.1', false],
    ['24.0.0', true],
    ['26.10.0', true],
  ])('%s: %s', (version, expected) => {
    expect(isSupportedNode(version)).toBe(expected);
    expect(isSupportedByCli(version)).toBe(expected);
  });

  it('says what package.json says', () => {
    const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } };
    expect(engines.node).toBe('^20.19.0 || ^22.12.0 || >=24');
  });
});

describe('dataFolder', () => {
  it.each<[NodeJS.Platform, NodeJS.ProcessEnv]>([
    ['linux', {}],
    ['linux', { XDG_DATA_HOME: '/data' }],
    ['linux', { XDG_DATA_HOME: '' }],
    ['linux', { GRAFT_HOME: '/graft', XDG_DATA_HOME: '/data' }],
    ['darwin', {}],
    ['win32', {}],
    ['win32', { LOCALAPPDATA: 'C:\\Users\\a\\AppData\\Local' }],
  ])('is the engine’s on %s with %o', (platform, env) => {
    expect(dataFolder(env, platform, '/home/a')).toBe(engineDataFolder(env, platform, '/home/a'));
  });

  it('follows GRAFT_HOME', () => {
    expect(dataFolder({ GRAFT_HOME: '/graft' }, 'linux', '/home/a')).toBe('/graft');
    expect(dataFolder({}, 'linux', '/home/a')).toBe(join('/home/a', '.local', 'share', 'graft'));
  });
});

describe('whatDiffers', () => {
  const wanted = {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '2.0.0', optional: true },
    'node_modules/c': { version: '3.0.0', devOptional: true },
    'node_modules/d': { link: true },
  };

  it('is content with what the lockfile has', () => {
    const all = { ...wanted, 'node_modules/extra': { version: '1.0.0' } };
    expect(whatDiffers(wanted, all)).toBeNull();
  });

  it('lets optional packages be absent: they are for other platforms', () => {
    expect(whatDiffers(wanted, { 'node_modules/a': { version: '1.0.0' } })).toBeNull();
  });

  it('names what is missing or of another version', () => {
    expect(whatDiffers(wanted, null)).toBe('nothing is installed yet');
    expect(whatDiffers(wanted, {})).toBe('a is missing');
    expect(whatDiffers(wanted, { 'node_modules/a': { version: '0.9.0' } })).toBe('a is 0.9.0, the lockfile has 1.0.0');
    const other = { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '2.1.0' } };
    expect(whatDiffers(wanted, other)).toBe('b is 2.1.0, the lockfile has 2.0.0');
  });

  it('finds this very clone installed as its lockfile says', () => {
    const packages = (file: string): Parameters<typeof whatDiffers>[0] =>
      (JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as { packages: Parameters<typeof whatDiffers>[0] }).packages;
    expect(whatDiffers(packages('package-lock.json'), packages('node_modules/.package-lock.json'))).toBeNull();
  });
});

describe('climb', () => {
  const fail = (message: string) => () => Promise.reject(new Error(message));

  it('stops at the first rung that holds', async () => {
    const tried: string[] = [];
    const rung = (name: string, result: number | null): readonly [string, () => Promise<number>] => [
      name,
      () => {
        tried.push(name);
        return result === null ? Promise.reject(new Error(`${name} broke`)) : Promise.resolve(result);
      },
    ];
    await expect(climb([rung('one', null), rung('two', 2), rung('three', 3)])).resolves.toEqual({
      name: 'two',
      result: 2,
    });
    expect(tried).toEqual(['one', 'two']);
  });

  it('says what every rung said', async () => {
    const climbing = climb([
      ['what is installed', fail('not installed')],
      ['a download', fail('storage.example cannot be reached from here')],
      ['a wheel', fail('pip: python3: not found')],
    ]);
    const message = await climbing.then(
      () => '',
      (error: unknown) => (error instanceof Error ? error.message : ''),
    );
    expect(message.split('\n')).toEqual([
      '  what is installed: not installed',
      '  a download: storage.example cannot be reached from here',
      '  a wheel: pip: python3: not found',
    ]);
  });
});

describe('libtensorflowAddress', () => {
  it('is the address of the package’s own installer', () => {
    expect(libtensorflowAddress('linux-x64', 'gpu', {})).toBe(
      'https://storage.googleapis.com/tensorflow/libtensorflow/libtensorflow-gpu-linux-x86_64-2.9.1.tar.gz',
    );
    expect(libtensorflowAddress('win32-x64', 'cpu', { TFJS_NODE_CDN_STORAGE: 'https://mirror.example/' })).toBe(
      'https://mirror.example/tensorflow/libtensorflow/libtensorflow-cpu-windows-x86_64-2.9.1.zip',
    );
    expect(libtensorflowAddress('linux-x64', 'cpu', { TFJS_NODE_BASE_URI: 'https://mirror.example/tf-' })).toBe(
      'https://mirror.example/tf-cpu-linux-x86_64-2.9.1.tar.gz',
    );
    expect(libtensorflowAddress('darwin-arm64', 'cpu', {})).toBe('https://storage.googleapis.com/');
  });
});

describe('checkDownload', () => {
  let server: Server;
  let address: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/silent') return;
      const length = request.url === '/small' ? 15 : 100_000_000;
      response.writeHead(request.url === '/gone' ? 403 : 200, { 'content-length': length }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('passes what can be a library, and a server of which no file is known', async () => {
    await expect(checkDownload(`${address}/library`)).resolves.toBeUndefined();
    await expect(checkDownload(`${address}/`)).resolves.toBeUndefined();
  });

  it('refuses an error, a page in place of a library, silence, and no server', async () => {
    await expect(checkDownload(`${address}/gone`)).rejects.toThrow('answered 403 for /gone');
    await expect(checkDownload(`${address}/small`)).rejects.toThrow('has 15 bytes at /small');
    await expect(checkDownload(`${address}/silent`, 200)).rejects.toThrow('cannot be reached from here');
    await expect(checkDownload('http://127.0.0.1:1/library')).rejects.toThrow('cannot be reached from here');
  });
});

describe('countTests', () => {
  const passed = { status: 'passed', assertionResults: [{}] };
  const report = { numPassedTests: 5, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [passed] };

  it('counts', () => {
    expect(countTests(report, 0, 0)).toEqual({ line: '5 passed, 0 failed', failed: 0 });
    expect(countTests({ ...report, numPendingTests: 2 }, 0, 0).line).toBe('5 passed, 0 failed, 2 skipped');
    expect(countTests({ ...report, numFailedTests: 3 }, 1, 0)).toEqual({ line: '5 passed, 3 failed', failed: 3 });
    expect(countTests(report, 0, 2)).toEqual({ line: '5 passed, 2 failed', failed: 2 });
  });

  it('counts a file that cannot be loaded as failed, beside failing tests too', () => {
    const broken = { ...report, testResults: [passed, { status: 'failed', assertionResults: [] }] };
    expect(countTests(broken, 1, 0).failed).toBe(1);
    expect(countTests({ ...broken, numFailedTests: 2 }, 1, 0).failed).toBe(3);
  });

  it('fails when only the exit code tells of it', () => {
    expect(countTests(report, 1, 0).failed).toBe(1);
    expect(countTests(null, 137, 0)).toEqual({ line: '0 passed, 1 failed', failed: 1 });
  });

  it('never passes without a report', () => {
    expect(countTests(null, 0, 0).failed).toBe(1);
  });
});

describe('lastLine', () => {
  it('is the last that says something', () => {
    expect(lastLine('one\n two \n\n')).toBe('two');
    expect(lastLine(' \n')).toBe('no output');
  });
});
