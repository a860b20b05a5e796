import { Listeners, type Port, createIpcPort } from '../../shared/port.js';

/** The port of an Electron utility process to its parent, `process.parentPort`; the part of it that is used here. */
export interface ParentPort {
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown;
  off(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown;
  postMessage(message: unknown): void;
}

/**
 * A port over an Electron utility process's channel to its parent. That channel knows no end of its own while the process
 * lives, so the parent says it by a message of null; when the parent dies, Electron ends the process.
 */
export function createParentPort(parent: ParentPort): Port {
  const messages = new Listeners<[unknown]>();
  const closes = new Listeners<[undefined]>();
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    closes.call(undefined);
  };
  parent.on('message', ({ data }) => {
    if (data === null) close();
    else if (open) messages.call(data);
  });
  return {
    send(message) {
      if (open) parent.postMessage(message);
    },
    onMessage: (listener) => messages.add(listener),
    onClose: (listener) => closes.add(listener),
    close,
  };
}

/** The port to the host that started this process, by Electron or by Node; null when it was started by hand. */
export function createHostPort(): Port | null {
  const { parentPort } = process as { readonly parentPort?: ParentPort };
  if (parentPort !== undefined) return createParentPort(parentPort);
  return process.send === undefined ? null : createIpcPort(process);
}
