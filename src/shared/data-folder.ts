/** What decides where the user's data lies. */
export interface DataFolderPlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** The user's home folder. */
  readonly home: string;
  /** The platform's own, from `node:path`. */
  readonly join: (...parts: string[]) => string;
}

/**
 * Where Graft keeps what is the user's: backbones, projects, uploads, caches, the native library. `GRAFT_HOME`, else the
 * platform's place for an application's data. The one rule for every process; `scripts/` has a copy that a test compares.
 */
export function dataFolderAt({ env, platform, home, join }: DataFolderPlace): string {
  const { GRAFT_HOME, LOCALAPPDATA, XDG_DATA_HOME } = env;
  if (GRAFT_HOME) return GRAFT_HOME;
  if (platform === 'win32') return join(LOCALAPPDATA || join(home, 'AppData', 'Local'), 'Graft');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Graft');
  return join(XDG_DATA_HOME || join(home, '.local', 'share'), 'graft');
}
