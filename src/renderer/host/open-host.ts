import type { Host } from './host.js';

/** The host that this page runs in: the desktop app's preload is there, or it is a browser. */
export async function openHost(): Promise<Host> {
  const bridge = window.graft;
  if (bridge !== undefined) return (await import('./desktop.js')).createDesktopHost(bridge);
  return (await import('./browser.js')).createBrowserHost();
}
