import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Handlers } from '../../../../src/shared/contract.js';
import { startDesktop } from '../../../../src/main/desktop/app.js';
import { type FakeElectron, type FakeElectronOptions, createFakeElectron } from '../../../support/fake-electron.js';
import { type FakeHub, createFakeHub, settle } from './fake-hub.js';

export interface StartedDesktop extends FakeElectron {
  readonly hub: FakeHub;
  readonly root: string;
  readonly lines: readonly string[];
  remove(): void;
}

export interface StartOptions extends FakeElectronOptions {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly platform?: NodeJS.Platform;
  readonly handlers?: Partial<Handlers>;
  readonly hasPage?: boolean;
  /** What lies in the settings' file. */
  readonly settings?: unknown;
}

/** Starts the desktop app on fakes, with a page of one line and the worker that draws. */
export async function startOnFakes(options: StartOptions = {}): Promise<StartedDesktop> {
  const root = mkdtempSync(join(tmpdir(), 'graft-desktop-'));
  const userData = join(root, 'user-data');
  const renderer = join(root, 'out', 'renderer');
  mkdirSync(join(renderer, 'assets'), { recursive: true });
  writeFileSync(join(renderer, 'assets', 'preview-worker-AbCd1234.js'), 'postMessage(1);');
  mkdirSync(userData);
  if (options.hasPage !== false) writeFileSync(join(renderer, 'index.html'), '<!doctype html><title>page</title>');
  if (options.settings !== undefined) writeFileSync(join(userData, 'settings.json'), JSON.stringify(options.settings));
  const fake = createFakeElectron({ userData, ...options });
  const hub = createFakeHub(options.handlers);
  const lines: string[] = [];
  await startDesktop({
    electron: fake.electron,
    createHub: hub.createHub,
    root,
    argv: options.argv ?? ['electron', '.'],
    cwd: root,
    env: options.env ?? {},
    platform: options.platform ?? 'linux',
    log: (line) => void lines.push(line),
  });
  // The page comes from the disk, which takes its own time.
  do await settle();
  while (fake.windows.some(({ page }) => page === null));
  return { ...fake, hub, root, lines, remove: () => rmSync(root, { recursive: true, force: true }) };
}
