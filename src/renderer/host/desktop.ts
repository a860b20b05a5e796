import type { Bridge, PortMessage } from '../../shared/bridge.js';
import { GraftError } from '../../shared/errors.js';
import { type Port, createMessagePort } from '../../shared/port.js';
import type { Host } from './host.js';

const PORT_MESSAGE: PortMessage = 'graft:port';
const PORT_TIMEOUT_MS = 10_000;

function receivePort(): Promise<Port> {
  return new Promise((resolve, reject) => {
    const receive = (event: MessageEvent): void => {
      const [port] = event.ports;
      if (event.source !== window || event.data !== PORT_MESSAGE || port === undefined) return;
      stop();
      resolve(createMessagePort(port));
    };
    const timer = setTimeout(() => {
      stop();
      reject(new GraftError('disconnected', 'expected a connection to the app within ten seconds, received none'));
    }, PORT_TIMEOUT_MS);
    const stop = (): void => {
      clearTimeout(timer);
      removeEventListener('message', receive);
    };
    addEventListener('message', receive);
  });
}

/** The page in the desktop app. */
export function createDesktopHost(bridge: Bridge<File>): Host {
  return {
    kind: 'desktop',
    async openPort() {
      const port = receivePort();
      bridge.connect();
      return await port;
    },
    pathsOf: (files) => bridge.pathsForFiles(files),
    async sendFile() {
      throw new GraftError('unsupported', 'The desktop app reads files where they lie; it takes no uploads.');
    },
    onMenu: (listener) => bridge.onMenu(listener),
  };
}
