import { describe, expect, it } from 'vitest';
import { explainInstall, readAddress, parseFailure, whyNoWindow } from './load-scripts.js';

describe('whyNoWindow', () => {
  it.each([
    ['linux', { DISPLAY: ':0' }, 1000, null],
    ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, 1000, null],
    ['linux', {}, 1000, /no display/],
    ['linux', { DISPLAY: '' }, 1000, /no display/],
    ['linux', { DISPLAY: ':0' }, 0, /as root/],
    ['darwin', {}, 501, null],
    ['win32', {}, undefined, null],
  ] as const)('on %s with %o as %s', (platform, env, uid, expected) => {
    const why = whyNoWindow({ platform, env, uid });
    if (expected === null) expect(why).toBeNull();
    else expect(why).toMatch(expected);
  });
});

describe('parseFailure', () => {
  const text = JSON.stringify({ version: '45.4.1', atMs: 1000, why: 'fetch failed' });
  it('remembers a failed fetch of the same version for a day', () => {
    expect(parseFailure(text, '45.4.1', 2000)).toBe('fetch failed');
    expect(parseFailure(text, '45.4.1', 1000 + 24 * 3600_000)).toBeNull();
    expect(parseFailure(text, '45.4.1', 0)).toBeNull();
    expect(parseFailure(text, '46.0.0', 2000)).toBeNull();
  });

  it.each(['', 'null', '{}', '[', '{"version":"45.4.1","atMs":"x","why":"y"}'])('makes nothing of %j', (broken) => {
    expect(parseFailure(broken, '45.4.1', 2000)).toBeNull();
  });
});

describe('explainInstall', () => {
  it('finds the line that says why', () => {
    const output = 'Downloading\nTypeError: fetch failed\n    at node:internal/error';
    expect(explainInstall({ code: 1, output })).toBe('TypeError: fetch failed');
    expect(explainInstall({ code: 124, output: '' })).toBe('it took longer than 180 s');
    expect(explainInstall({ code: 3, output: 'nothing' })).toBe('the installer ended with code 3');
  });
});

describe('readAddress', () => {
  it('finds the line of graft serve', () => {
    expect(readAddress('Graft runs at http://127.0.0.1:81/#token=x')?.hash).toBe('#token=x');
    expect(readAddress('Open that address')).toBeNull();
  });
});
