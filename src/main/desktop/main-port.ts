import type { MessagePortMain } from 'electron';
import { Listeners, type Port } from '../../shared/port.js';

/** A port over the main process's end of a `MessageChannelMain`; it closes when the page at the other end goes. */
export function createMainPort(channel: MessagePortMain): Port {
  const messages = new Listeners<[unknown]>();
  const closes = new Listeners<[undefined]>();
  let open = true;
  const end = (): void => {
    if (!open) return;
    open = false;
    closes.call(undefined);
  };
  channel.on('message', ({ data }) => messages.call(data));
  channel.on('close', end);
  // Electron holds messages back until then.
  channel.start();
  return {
    send(message) {
      if (open) channel.postMessage(message);
    },
    onMessage: (listener) => messages.add(listener),
    onClose: (listener) => closes.add(listener),
    close() {
      if (!open) return;
      channel.close();
      end();
    },
  };
}
