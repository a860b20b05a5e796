import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './shared-data.js';

/** Electron's program, where its runtime has been fetched; the package alone does not bring it. */
export function findElectron(): string | null {
  const folder = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(ROOT, 'node_modules', 'electron', 'dist');
  const pathFile = join(ROOT, 'node_modules', 'electron', 'path.txt');
  if (!existsSync(pathFile)) return null;
  const file = join(folder, readFileSync(pathFile, 'utf8').trim());
  return existsSync(file) ? file : null;
}

/** Whether there is a screen to open windows on. */
export const canShowWindows = (): boolean =>
  process.platform !== 'linux' || Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY']);

/** Containers that tests run in have no user namespaces for Chromium's sandbox. */
export const ELECTRON_ARGS: readonly string[] = [...(process.env['CI'] ? ['--no-sandbox'] : []), ROOT];
