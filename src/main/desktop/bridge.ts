import type { IpcMainEvent, IpcMainInvokeEvent } from 'electron';
import * as v from 'valibot';
import type { MenuCommand, PortMessage } from '../../shared/bridge.js';
import { GraftError } from '../../shared/errors.js';
import { parseWith } from '../../shared/parse.js';
import type { Hub } from '../hub/types.js';
import type { ElectronMain } from './electron.js';
import { createMainPort } from './main-port.js';
import { isOwnAddress } from './own-address.js';

/** Channels between this process and `src/preload/index.ts`, which has the same list. */
export const CHANNELS = { connect: 'graft:connect', grantPaths: 'graft:grant-paths', menu: 'graft:menu' } as const;
export const PORT_MESSAGE: PortMessage = 'graft:port';

/** More files than anyone drops by hand; a folder is one. */
const MAX_PATHS = 10_000;
const pathsSchema = v.pipe(v.array(v.pipe(v.string(), v.minLength(1))), v.maxLength(MAX_PATHS));

/** Whether a message comes from the app's own page and not from a frame inside it. */
function isOwnPage({ senderFrame }: IpcMainEvent | IpcMainInvokeEvent): boolean {
  return senderFrame !== null && senderFrame.parent === null && isOwnAddress(senderFrame.url);
}

/** Answers what the preload script asks. Everything else goes through the port, and so through the contract. */
export function serveBridge(
  { ipcMain, MessageChannelMain }: Pick<ElectronMain, 'ipcMain' | 'MessageChannelMain'>,
  hub: Pick<Hub, 'attach' | 'grants'>,
): void {
  ipcMain.on(CHANNELS.connect, (event) => {
    if (!isOwnPage(event)) return;
    const { port1, port2 } = new MessageChannelMain();
    try {
      event.senderFrame?.postMessage(PORT_MESSAGE, null, [port2]);
    } catch {
      // The page has gone or was loaded anew meanwhile, and asks again; unheard this would end the app.
      return;
    }
    hub.attach(createMainPort(port1));
  });
  ipcMain.handle(CHANNELS.grantPaths, async (event, given: unknown) => {
    if (!isOwnPage(event)) throw new GraftError('not-granted', "expected a message from the app's own page");
    const paths = parseWith(pathsSchema, given, CHANNELS.grantPaths);
    for (const path of paths) await hub.grants.grant(path);
    return paths;
  });
}

/** Tells a page what was chosen in the menu. */
export type SendToPage = (command: MenuCommand) => void;
