import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request asked for. */
export interface SeenRequest {
  readonly range: string | null;
  readonly ifRange: string | null;
}

/** How a server treats one request; the last one serves all that follow. */
export type Answer =
  /** The whole file, or the rest that was asked for if the tag fits. */
  | { readonly kind: 'file'; readonly etag?: string }
  /** As `file`, but stops after so many bytes, without an end. */
  | { readonly kind: 'stuck'; readonly after: number; readonly etag?: string }
  /** The whole file whatever range was asked for. */
  | { readonly kind: 'whole'; readonly etag?: string }
  /** Stops after so many bytes and closes the connection, though more were announced. */
  | { readonly kind: 'short'; readonly after: number; readonly etag?: string }
  /** A rest that begins elsewhere than was asked for. */
  | { readonly kind: 'elsewhere'; readonly etag?: string }
  /** A status without the file. */
  | { readonly kind: 'status'; readonly status: number };

export interface FileServer {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  /** Ends what is under way without a word. A client keeps what it has looked at until then. */
  breakConnections(): void;
  close(): Promise<void>;
}

function answer(request: IncomingMessage, response: ServerResponse, file: Uint8Array, how: Answer): void {
  if (how.kind === 'status') {
    response.writeHead(how.status).end('an answer that is no file');
    return;
  }
  const etag = how.etag ?? '"one"';
  const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  const isContinued = from !== undefined && request.headers['if-range'] === etag && how.kind !== 'whole';
  const start = isContinued ? Number(from) : 0;
  if (start >= file.length) {
    response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
    return;
  }
  const rest = file.subarray(start);
  const headers: Record<string, string> = { etag, 'content-length': String(rest.length) };
  const shift = how.kind === 'elsewhere' ? 1 : 0;
  if (isContinued) headers['content-range'] = `bytes ${start - shift}-${file.length - 1}/${file.length}`;
  response.writeHead(isContinued ? 206 : 200, headers);
  if (how.kind === 'stuck') response.write(rest.subarray(0, how.after));
  else if (how.kind === 'short') response.write(rest.subarray(0, how.after), () => response.destroy());
  else response.end(rest);
}

/** Serves one file on a port of this machine, each request as the next answer says. */
export async function openFileServer(file: Uint8Array, answers: readonly Answer[]): Promise<FileServer> {
  const seen: SeenRequest[] = [];
  const server: Server = createServer((request, response) => {
    const how = answers[Math.min(seen.length, answers.length - 1)]!;
    const ifRange = request.headers['if-range'];
    seen.push({ range: request.headers.range ?? null, ifRange: typeof ifRange === 'string' ? ifRange : null });
    answer(request, response, file, how);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/weights.pth`,
    seen,
    breakConnections: () => server.closeAllConnections(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
