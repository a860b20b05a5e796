// Makes a Node.js process look like a utility process of Electron's to its program.
import { EventEmitter } from 'node:events';

class ParentPort extends EventEmitter {
  #send = process.send?.bind(process);

  constructor() {
    super();
    // Messages wait for the first listener.
    this.once('newListener', () => process.on('message', ({ data }) => this.emit('message', { data })));
  }
  /** @param {unknown} data */
  postMessage(data) {
    if (process.connected) this.#send?.({ data });
  }
}

process.parentPort = new ParentPort();
process.on('disconnect', () => process.exit(0));
delete process.send;
