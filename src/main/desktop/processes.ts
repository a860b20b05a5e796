import type { ProcessStart } from '../hub/hub.js';
import type { ElectronMain } from './electron.js';
import { findNode } from './node.js';
import type { DesktopSettings } from './settings.js';
import { createUtilityLaunch } from './utility-process.js';

/** What an archive of a packaged app holds can be read by Electron's Node.js only; the same files lie beside it. */
const unpacked = (file: string): string => file.replace(/app\.asar(?=[\\/])/, 'app.asar.unpacked');

/**
 * How to start the engine and the library: as Electron's utility processes, or by a Node.js of the user's where a network
 * needs larger blocks of memory than Electron's allocator serves.
 *
 * @param entry a bundle's path by its name
 * @param env `GRAFT_ENGINE`, `electron` or `node`, wins over the settings
 * @throws GraftError `not-found` when a Node.js is asked for and none is found
 */
export async function chooseProcesses(
  electron: Pick<ElectronMain, 'utilityProcess'>,
  settings: Pick<DesktopSettings, 'engine'>,
  env: NodeJS.ProcessEnv,
  entry: (name: string) => string,
): Promise<{ readonly engine: ProcessStart; readonly library: ProcessStart }> {
  const asked = env['GRAFT_ENGINE'];
  const runner = asked === 'electron' || asked === 'node' ? asked : settings.engine;
  if (runner === 'node') {
    const execPath = await findNode(env);
    return {
      engine: { entry: unpacked(entry('engine')), execPath },
      library: { entry: unpacked(entry('library')), execPath },
    };
  }
  return {
    engine: { entry: entry('engine'), launch: createUtilityLaunch(electron, 'Graft Engine') },
    library: { entry: entry('library'), launch: createUtilityLaunch(electron, 'Graft Library') },
  };
}
