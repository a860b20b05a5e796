import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where Graft keeps what is the user's: backbones, projects, uploads, caches, the native library. `GRAFT_HOME`, else the
 * platform's place for an application's data. The one rule for every process; `scripts/` has a copy that a test compares.
 */
export function dataFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  const { GRAFT_HOME, LOCALAPPDATA, XDG_DATA_HOME } = env;
  if (GRAFT_HOME) return GRAFT_HOME;
  if (platform === 'win32') return join(LOCALAPPDATA || join(home, 'AppData', 'Local'), 'Graft');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Graft');
  return join(XDG_DATA_HOME || join(home, '.local', 'share'), 'graft');
}

/** What pages have sent, one folder an upload: its id once it is finished, with `.part` behind it until then. */
export const uploadsFolder = (data: string): string => join(data, 'uploads');
