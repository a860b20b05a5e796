import { contextBridge, ipcRenderer, webUtils } from 'electron';
import type { Bridge, MenuCommand, PortMessage } from '../shared/bridge.js';

/** Channels between this script and `src/main/desktop/bridge.ts`, which has the same list. */
const CONNECT = 'graft:connect';
const GRANT_PATHS = 'graft:grant-paths';
const MENU = 'graft:menu';
const PORT: PortMessage = 'graft:port';

// A port can't pass the context bridge; the window's own message event can carry it.
ipcRenderer.on(PORT, (event) => window.postMessage(PORT, location.origin, event.ports));

const bridge: Bridge<File> = {
  platform: process.platform,
  connect: () => ipcRenderer.send(CONNECT),
  pathsForFiles: async (files) => {
    const paths = files.map((file) => webUtils.getPathForFile(file)).filter((path) => path !== '');
    return (await ipcRenderer.invoke(GRANT_PATHS, paths)) as string[];
  },
  onMenu: (listener) => {
    const tell = (_event: unknown, command: MenuCommand): void => listener(command);
    ipcRenderer.on(MENU, tell);
    return () => ipcRenderer.off(MENU, tell);
  },
};

contextBridge.exposeInMainWorld('graft', bridge);
