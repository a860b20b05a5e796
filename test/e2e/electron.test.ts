import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, type ElectronApplication } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ELECTRON_ARGS, canShowWindows, findElectron } from '../support/electron-runtime.js';
import { ROOT } from '../support/shared-data.js';

const executablePath = findElectron();

describe.skipIf(executablePath === null || !canShowWindows())('the desktop app on Electron', () => {
  let app: ElectronApplication;
  const home = mkdtempSync(join(tmpdir(), 'graft-electron-'));

  beforeAll(async () => {
    app = await _electron.launch({
      executablePath: executablePath!,
      args: [...ELECTRON_ARGS],
      cwd: ROOT,
      env: { ...process.env, GRAFT_HOME: home } as Record<string, string>,
    });
  });
  afterAll(async () => {
    await app.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('opens its window and answers the first call', async () => {
    const page = await app.firstWindow();
    expect(new URL(page.url()).href).toMatch(/^app:\/\/graft\//);
    const kind = await page.evaluate(`new Promise((resolve) => {
      window.addEventListener('message', ({ data, ports: [port] }) => {
        if (data !== 'graft:port') return;
        port.onmessage = (event) => {
          if (event.data.t === 'ok') resolve(event.data.result.kind);
        };
        port.postMessage({ t: 'call', id: 1, method: 'host.info', params: {} });
      });
      window.graft.connect();
    })`);
    expect(kind).toBe('desktop');
  });

  it('gives the page no Node.js and lets it go nowhere', async () => {
    const page = await app.firstWindow();
    expect(await page.evaluate('[typeof require, typeof process, Object.keys(window.graft).sort().join()]')).toEqual([
      'undefined',
      'undefined',
      'connect,onMenu,pathsForFiles,platform',
    ]);
    await page.evaluate("void (location.href = 'https://example.org/')");
    expect(await page.evaluate('window.open("https://example.org/") === null')).toBe(true);
    expect(page.url()).toMatch(/^app:\/\/graft\//);
    expect(await page.evaluate("fetch('https://example.org/').then(() => 'reached', () => 'refused')")).toBe('refused');
  });
});
