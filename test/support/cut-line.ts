import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/** A way to a server that can be cut, as a network that goes down. */
export interface CutLine {
  /** The server's address by this way. */
  readonly url: string;
  /** Ends every connection and takes no other. */
  cut(): void;
  restore(): void;
  close(): Promise<void>;
}

/** Listens on loopback and passes on to `url`. */
export async function openCutLine(url: string): Promise<CutLine> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    keep(near);
    if (isCut) return void near.destroy();
    const far = connect(Number(target.port), target.hostname);
    keep(far);
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = new URL(url);
  own.port = String((server.address() as AddressInfo).port);
  const drop = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    url: own.href,
    cut() {
      isCut = true;
      drop();
    },
    restore() {
      isCut = false;
    },
    async close() {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
