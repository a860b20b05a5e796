import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PassThrough, type Readable } from 'node:stream';

/** Gives a plain Node.js process the `parentPort` that Electron gives its utility processes. */
const PARENT_PORT = join(process.env['GRAFT_TEST_ROOT'] ?? process.cwd(), 'test', 'support', 'fake-electron', 'parent-port.mjs'); // prettier-ignore

/** Electron's utility process, on a Node.js process. */
export class FakeUtilityProcess extends EventEmitter {
  static readonly started: { entry: string; options: Record<string, unknown> }[] = [];
  readonly #child: ChildProcess;
  #isRunning = true;
  #stdout: PassThrough | null = new PassThrough();
  #stderr: PassThrough | null = new PassThrough();

  static fork(entry: string, args: string[], options: { env: Record<string, string> }): FakeUtilityProcess {
    FakeUtilityProcess.started.push({ entry, options });
    return new FakeUtilityProcess(entry, args, options.env);
  }

  constructor(entry: string, args: string[], env: Record<string, string>) {
    super();
    this.#child = fork(entry, args, {
      env,
      execArgv: ['--import', pathToFileURL(PARENT_PORT).href],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child.stdout!.pipe(this.#stdout!);
    this.#child.stderr!.pipe(this.#stderr!);
    this.#child.on('message', ({ data }: { data: unknown }) => this.emit('message', data));
    this.#child.once('exit', (code, signal) => {
      this.#isRunning = false;
      // Off Windows Electron passes on the signal's number in the code's place.
      this.emit('exit', signal === null ? code : SIGNAL_NUMBERS[signal]);
      // As Electron's own does, with the last output still on its way.
      for (const stream of [this.#stdout, this.#stderr]) stream?.removeAllListeners();
      this.#stdout = this.#stderr = null;
    });
  }

  get pid(): number | undefined {
    return this.#isRunning ? this.#child.pid : undefined;
  }
  get stdout(): Readable | null {
    return this.#stdout;
  }
  get stderr(): Readable | null {
    return this.#stderr;
  }
  postMessage(data: unknown): void {
    if (this.#isRunning) this.#child.send({ data });
  }
  kill(): boolean {
    return this.#child.kill();
  }
}

const SIGNAL_NUMBERS: Partial<Record<NodeJS.Signals, number>> = { SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15, SIGTRAP: 5 };
