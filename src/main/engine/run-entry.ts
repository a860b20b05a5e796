import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as v from 'valibot';
import type { ParentPort } from './host-port.js';
import { entryPath } from './paths.js';

/** What the desktop app answers to a request to run an entry; `problem` is null when it ended well. */
const answerSchema = v.object({
  t: v.literal('ran'),
  id: v.number(),
  output: v.string(),
  problem: v.nullable(v.string()),
});

let nextId = 1;

/**
 * Runs one of Graft's entries to its end in a process of its own. Node.js does that here; an Electron utility process has
 * no Node.js to start, so there the app does it, see `desktop/run-entry.ts`.
 *
 * @returns what it wrote to stdout
 * @throws Error when it can't be started, dies, exits with another code than 0 or takes longer
 */
export async function runEntry(name: 'probe', args: readonly string[], timeoutMs: number): Promise<string> {
  const { parentPort } = process as { readonly parentPort?: ParentPort };
  if (parentPort === undefined) {
    const { stdout } = await promisify(execFile)(process.execPath, [entryPath(name), ...args], { timeout: timeoutMs });
    return stdout;
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
