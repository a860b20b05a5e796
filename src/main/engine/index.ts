import { createServer } from '../../shared/rpc.js';
import { createEngine } from './engine.js';
import { createHostPort } from './host-port.js';
import type { Emit } from './train/run.js';

/** The engine process: serves the contract to the host that started it, and ends with it. */
function main(): void {
  // When the host is killed, what is still said has nowhere to go; that must not end a run which is being saved.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const port = createHostPort();
  if (port === null) {
    process.stderr.write('graft: the engine is started by the app or the command line, not by hand.\n');
    process.exit(2);
  }
  const emit: Emit = (name, data) => server.emit(name, data);
  const engine = createEngine(emit);
  const server = createServer(engine.handlers, {
    onInternalError: (error, method) => console.error(`graft engine: ${method}:`, error),
  });
  server.attach(port);
  // A run in hand is kept: its host may have crashed, its work should not be lost with it.
  port.onClose(() => void engine.shutdown().finally(() => process.exit(0)));
  // Ctrl-C reaches the whole process group; the host decides what it means and tells the engine.
  process.on('SIGINT', () => undefined);
}

main();
