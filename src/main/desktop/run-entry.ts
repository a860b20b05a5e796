import { dirname, join } from 'node:path';
import type { UtilityProcess } from 'electron';
import * as v from 'valibot';
import { outputsEnded, readOutput } from './child-output.js';

const MAX_OUTPUT_BYTES = 1 << 20;

/** What `engine/run-entry.ts` asks for. */
const requestSchema = v.object({
  t: v.literal('run'),
  id: v.number(),
  name: v.picklist(['probe', 'card-test']),
  args: v.pipe(v.array(v.string()), v.maxLength(8)),
  timeoutMs: v.pipe(v.number(), v.minValue(1)),
});

type Request = v.InferOutput<typeof requestSchema>;

/** Ends a process at once, whatever it is deep in. */
export function killNow(child: UtilityProcess): void {
  // Electron's own kill is polite at first, which TensorFlow does not hear.
  try {
    if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
  } catch {
    child.kill();
  }
}

/**
 * Runs entries for a utility process, which has no Node.js to start by itself.
 *
 * @param entry the process's own; those that it may run lie beside it
 * @param fork starts a utility process with the same environment
 */
export function serveRuns(
  asker: UtilityProcess,
  entry: string,
  fork: (entry: string, args: string[]) => UtilityProcess,
): void {
  const running = new Set<UtilityProcess>();
  let isGone = false;
  asker.once('exit', () => {
    isGone = true;
    for (const child of running) killNow(child);
  });

  const run = ({ id, name, args, timeoutMs }: Request): void => {
    const child = fork(join(dirname(entry), `${name}.js`), args);
    running.add(child);
    let output = '';
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      killNow(child);
    }, timeoutMs);
    const stdout = readOutput(child, child.stdout);
    stdout.on('data', (chunk: Buffer) => {
      if (output.length < MAX_OUTPUT_BYTES) output += chunk.toString();
    });
    readOutput(child, child.stderr).resume();
    child.once('exit', (code) => {
      clearTimeout(timer);
      running.delete(child);
      void outputsEnded([stdout]).then(() => {
        const problem = isLate
          ? `it took longer than ${timeoutMs / 1000} s`
          : code === 0
            ? null
            : `it ended with ${code}`;
        if (!isGone) asker.postMessage({ t: 'ran', id, output, problem });
      });
    });
  };
  asker.on('message', (message: unknown) => {
    const request = v.safeParse(requestSchema, message);
    if (request.success && !isGone) run(request.output);
  });
}
