import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { messageOf } from '../../shared/errors.js';
import type { ParentPort } from './host-port.js';
import { entryPath } from './paths.js';

/** What the desktop app answers to a request to run an entry; `problem` is null when it ended well. */
const answerSchema = v.object({
  t: v.literal('ran'),
  id: v.number(),
  output: v.string(),
  problem: v.nullable(v.string()),
});

/** Entries that run to their end in a process of their own. */
export type EntryName = 'probe' | 'card-test';

/** What Node.js tells of a process that failed. */
const failureSchema = v.looseObject({
  killed: v.boolean(),
  signal: v.nullish(v.string()),
  code: v.nullish(v.union([v.number(), v.string()])),
});

/** Says how a process failed, as the desktop app says it. */
function explainFailure(error: unknown, timeoutMs: number): Error {
  const failure = v.safeParse(failureSchema, error);
  if (!failure.success) return new Error(messageOf(error), { cause: error });
  const { killed, signal, code } = failure.output;
  // One that is killed for saying too much has a code.
  const isLate = killed && (code ?? null) === null;
  const problem = isLate ? `it took longer than ${timeoutMs / 1000} s` : `it ended with ${code ?? signal}`;
  return new Error(problem, { cause: error });
}

let nextId = 1;

/**
 * Runs one of Graft's entries to its end in a process of its own. Node.js does that here; an Electron utility process has
 * no Node.js to start, so there the app does it, see `desktop/run-entry.ts`.
 *
 * @returns what it wrote to stdout
 * @throws Error when it can't be started, dies, exits with another code than 0 or takes longer
 */
export async function runEntry(name: EntryName, args: readonly string[], timeoutMs: number): Promise<string> {
  const { parentPort } = process as { readonly parentPort?: ParentPort };
  if (parentPort === undefined) {
    // Politeness at first is lost on TensorFlow, deep in its own code.
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL' } as const;
    try {
      return (await promisify(execFile)(process.execPath, [entryPath(name), ...args], options)).stdout;
    } catch (error) {
      throw explainFailure(error, timeoutMs);
    }
  }
  const id = nextId++;
  return await new Promise((resolve, reject) => {
    const listen = ({ data }: { readonly data: unknown }): void => {
      const answer = v.safeParse(answerSchema, data);
      if (!answer.success || answer.output.id !== id) return;
      parentPort.off('message', listen);
      if (answer.output.problem === null) resolve(answer.output.output);
      else reject(new Error(answer.output.problem));
    };
    parentPort.on('message', listen);
    parentPort.postMessage({ t: 'run', id, name, args: [...args], timeoutMs });
  });
}
