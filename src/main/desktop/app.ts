import { join } from 'node:path';
import { messageOf } from '../../shared/errors.js';
import type { HubOptions } from '../hub/hub.js';
import { listStaticFiles } from '../hub/static-files.js';
import type { Hub } from '../hub/types.js';
import type { ElectronMain } from './electron.js';
import { type DialogOptions, createHostHandlers } from './host-handlers.js';
import { type Openings, collectOpenings } from './open-paths.js';
import { APP_SCHEME } from './own-address.js';
import { chooseProcesses } from './processes.js';
import { createAppHandler, registerAppScheme } from './protocol.js';
import { type DevServer, hardenEveryPage, hardenSession } from './security.js';
import { type SettingsStore, openSettings } from './settings.js';
import { type Studio, startStudio } from './studio.js';
import { chooseWords } from './words.js';

export interface DesktopOptions {
  readonly electron: ElectronMain;
  readonly createHub: (options: HubOptions) => Promise<Hub>;
  /** Graft's own folder, in which `out` lies. */
  readonly root: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly log: (line: string) => void;
}

const APP_ID = 'org.graft.studio';

async function start(
  options: DesktopOptions,
  openings: Openings,
  settings: SettingsStore,
  devServer: DevServer,
): Promise<void> {
  const { electron, root, env, platform, log } = options;
  const words = chooseWords(electron.app.getPreferredSystemLanguages());
  const page = devServer === null ? await listStaticFiles(join(root, 'out', 'renderer')) : null;
  const entry = (name: string): string => join(root, 'out', 'main', `${name}.js`);
  let studio: Studio | null = null;
  const dialogs: DialogOptions = { electron, settings, words, platform, window: () => studio?.window ?? null };
  const hub = await options.createHub({
    kind: 'desktop',
    capabilities: { nativeDialogs: true, reveal: true, uploads: false },
    roots: [],
    handlers: createHostHandlers(dialogs, () => hub),
    ...(await chooseProcesses(electron, settings.values, env, entry)),
    log,
  });
  electron.protocol.handle(
    APP_SCHEME,
    createAppHandler({ page, media: (address) => hub.media(address), devServer }, electron),
  );
  studio = startStudio({
    ...{ electron, hub, settings, words, platform, dialogs, log },
    preload: join(root, 'out', 'preload', 'index.cjs'),
    icon: join(root, 'resources', 'icon.png'),
  });
  openings.listen((path) => studio?.open(path));
}

/**
 * Runs the desktop app: at once what must happen before Electron is ready, the rest when it is. Resolves when the window
 * is open, or when this start has handed over to a Graft that runs already.
 */
export async function startDesktop(options: DesktopOptions): Promise<void> {
  const { electron, env, log } = options;
  const { app, dialog, session } = electron;
  app.enableSandbox();
  app.setAppUserModelId(APP_ID);
  // Another data folder is another Graft, with settings and a lock of its own.
  if (env['GRAFT_HOME']) app.setPath('userData', join(env['GRAFT_HOME'], 'desktop'));
  const openings = collectOpenings(electron, options.argv, options.cwd);
  if (openings.isSecond) return app.quit();
  registerAppScheme(electron);
  hardenEveryPage(electron);
  const settings = openSettings(join(app.getPath('userData'), 'settings.json'), log);
  electron.nativeTheme.themeSource = settings.values.theme;

  await app.whenReady();
  const devAddress = app.isPackaged ? undefined : env['ELECTRON_RENDERER_URL'];
  const devServer = devAddress === undefined ? null : new URL(devAddress);
  hardenSession(session.defaultSession, devServer);
  try {
    await start(options, openings, settings, devServer);
  } catch (error) {
    log(`graft: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`);
    dialog.showErrorBox(chooseWords(app.getPreferredSystemLanguages()).couldNotStart, messageOf(error));
    app.exit(1);
  }
}
