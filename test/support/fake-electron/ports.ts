import { EventEmitter } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';

/** Electron's `MessagePortMain` over a port of Node's. */
export class FakePort extends EventEmitter {
  constructor(readonly node: MessagePort) {
    super();
  }
  start(): void {
    this.node.on('message', (data: unknown) => this.emit('message', { data }));
    this.node.on('close', () => this.emit('close'));
  }
  postMessage(message: unknown): void {
    this.node.postMessage(message);
  }
  close(): void {
    this.node.close();
  }
}

/** Electron's `MessageChannelMain`. */
export class FakeChannel {
  readonly port1: FakePort;
  readonly port2: FakePort;
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port1 = new FakePort(port1);
    this.port2 = new FakePort(port2);
  }
}
