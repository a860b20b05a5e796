import type { Host } from '../../../../src/renderer/host/host.js';
import { Connection } from '../../../../src/renderer/state/connection.svelte.js';
import type { Handlers } from '../../../../src/shared/contract.js';
import { GraftError } from '../../../../src/shared/errors.js';
import { type Port, createMemoryPorts } from '../../../../src/shared/port.js';
import { type Server, createServer } from '../../../../src/shared/rpc.js';

/** A hub in memory and the page's connection to it; `drop` cuts the line, `isDown` keeps it from coming back. */
export interface FakeLine {
  readonly connection: Connection;
  readonly server: Server;
  isDown: boolean;
  refusal: GraftError | null;
  drop(): void;
}

export function createFakeLine(handlers: Partial<Handlers>): FakeLine {
  const server = createServer(handlers);
  let far: Port | null = null;
  const host: Host = {
    kind: 'browser',
    async openPort() {
      if (line.refusal !== null) throw line.refusal;
      if (line.isDown) throw new GraftError('disconnected', 'down');
      const [near, other] = createMemoryPorts();
      far = other;
      server.attach(other);
      return near;
    },
    pathsOf: async () => null,
    sendFile: async () => undefined,
    onMenu: () => () => undefined,
  };
  const line: FakeLine = {
    connection: new Connection(host),
    server,
    isDown: false,
    refusal: null,
    drop: () => far?.close(),
  };
  return line;
}

/** Until everything that is on its way has arrived. */
export const settle = (timeoutMs = 20): Promise<void> => new Promise((resolve) => setTimeout(resolve, timeoutMs));
