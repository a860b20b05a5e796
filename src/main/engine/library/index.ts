import { mkdirSync, realpathSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { createServer } from '../../../shared/rpc.js';
import { createHostPort } from '../host-port.js';
import { dataFolder } from '../../common/data-folder.js';
import { createLibrary } from './library.js';
import type { Emit } from './projects.js';

/** The library process: serves the contract to the host that started it, and ends with it. */
function main(): void {
  // When the host is killed, what is still said has nowhere to go; that must not end what is being kept.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const port = createHostPort();
  if (port === null) {
    process.stderr.write('graft: the library is started by the app, not by hand.\n');
    process.exit(2);
  }
  // Lives beside training for hours and is idle most of the time: with a hundred thousand pictures, half the memory.
  setFlagsFromString('--optimize-for-size');
  // Hosts name runs by their real paths, so the folder that they lie in is known by its own.
  mkdirSync(dataFolder(), { recursive: true });
  process.env['GRAFT_HOME'] = realpathSync(dataFolder());
  const emit: Emit = (name, data) => server.emit(name, data);
  const library = createLibrary(emit);
  const server = createServer(library.handlers, {
    onInternalError: (error, method) => console.error(`graft library: ${method}:`, error),
  });
  server.attach(port);
  port.onClose(() => void library.shutdown().finally(() => process.exit(0)));
  // Ctrl-C reaches the whole process group; the host decides what it means and tells the library.
  process.on('SIGINT', () => undefined);
}

main();
