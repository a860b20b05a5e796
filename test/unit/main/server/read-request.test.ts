import type { IncomingMessage } from 'node:http';
import { PassThrough, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bodyOf } from '../../../../src/main/server/read-request.js';

const uncaught: unknown[] = [];
const note = (error: unknown): void => void uncaught.push(error);
beforeEach(() => void process.on('uncaughtException', note));
afterEach(() => {
  process.off('uncaughtException', note);
  uncaught.length = 0;
});

const requestThatEnds = (): PassThrough & IncomingMessage =>
  Object.assign(new PassThrough(), { complete: false }) as unknown as PassThrough & IncomingMessage;

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

it('a body whose connection ends before anybody reads it tells whoever comes to read it, and nobody else', async () => {
  const request = requestThatEnds();
  const body = bodyOf(request);
  request.write('half');
  request.destroy();
  await turns();
  expect(uncaught).toEqual([]);
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
  await expect(pipeline(body, sink)).rejects.toMatchObject({
    code: expect.stringMatching(/ECONNRESET|PREMATURE/) as string,
  });
});
