import type { Session, WebContents } from 'electron';
import type { ElectronMain } from './electron.js';
import { APP_ADDRESS, isOwnAddress } from './own-address.js';

/** A development server's page, served by electron-vite; null in what users run. */
export type DevServer = URL | null;

/** Whether a page may send a request there. */
export function isAllowedRequest(address: string, devServer: DevServer): boolean {
  if (isOwnAddress(address)) return true;
  // Pictures and downloads that our page makes itself.
  if (address.startsWith(`blob:${APP_ADDRESS}`)) return true;
  if (devServer === null || !URL.canParse(address)) return false;
  const { protocol, host } = new URL(address);
  return protocol === 'devtools:' || (['http:', 'ws:'].includes(protocol) && host === devServer.host);
}

/** Denies what our page does not need: Electron allows everything that is not denied. */
export function hardenSession(session: Session, devServer: DevServer): void {
  session.setPermissionRequestHandler((_contents, permission, callback, details) => {
    const isVideo =
      permission === 'media' &&
      'mediaTypes' in details &&
      details.mediaTypes?.every((type) => type === 'video') === true;
    callback(isOwnAddress(details.requestingUrl) && (permission === 'clipboard-sanitized-write' || isVideo));
  });
  session.setPermissionCheckHandler((_contents, permission, origin, details) => {
    const isVideo = permission === 'media' && details.mediaType === 'video';
    return isOwnAddress(origin) && (permission === 'clipboard-sanitized-write' || isVideo);
  });
  session.setDevicePermissionHandler(() => false);
  session.webRequest.onBeforeRequest(({ url }, callback) => callback({ cancel: !isAllowedRequest(url, devServer) }));
  session.on('will-download', (event, item) => {
    if (!item.getURL().startsWith(`blob:${APP_ADDRESS}`)) event.preventDefault();
  });
}

function hardenContents(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.on('will-attach-webview', (event) => event.preventDefault());
  const stay = (event: { readonly url: string; preventDefault(): void }): void => {
    if (!isOwnAddress(event.url)) event.preventDefault();
  };
  contents.on('will-navigate', stay);
  contents.on('will-redirect', stay);
  contents.on('will-frame-navigate', stay);
}

/** Keeps every page that this app will ever show where it is. */
export function hardenEveryPage({ app }: Pick<ElectronMain, 'app'>): void {
  app.on('web-contents-created', (_event, contents) => hardenContents(contents));
}
