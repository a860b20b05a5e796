import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { UtilityProcess } from 'electron';

/** How long after a process's end its last output may take to arrive. */
const DRAIN_MS = 500;

/**
 * What a utility process writes to one of its streams, to its last word. Electron takes every listener off the stream as
 * the process exits, whatever is still in it, so this one comes back right after.
 */
export function readOutput(child: UtilityProcess, stream: NodeJS.ReadableStream | null): Readable {
  const output = new PassThrough();
  if (stream === null) return output.end();
  const pass = (chunk: Buffer): void => void output.write(chunk);
  const end = (): void => {
    stream.off('data', pass);
    output.end();
  };
  const listen = (): void => void stream.off('data', pass).off('end', end).on('data', pass).once('end', end);
  listen();
  child.once('exit', () => {
    process.nextTick(listen);
    // Without its listeners the stream may never say that it has ended.
    void delay(DRAIN_MS).then(end);
  });
  return output;
}

/** Resolves when outputs that are being read have been read to their ends. */
export async function outputsEnded(outputs: readonly Readable[]): Promise<void> {
  await Promise.all(
    outputs.map(
      (output) =>
        new Promise<void>((resolve) => {
          if (output.readableEnded) resolve();
          else output.once('end', () => resolve());
        }),
    ),
  );
}
