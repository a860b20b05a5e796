import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { Hub } from '../../hub/types.js';
import type { BrowserHost } from '../../server/browser-host.js';
import { type CommandContext, EXIT } from '../context.js';

interface ServeOptions {
  readonly port: number;
  readonly listen: string;
  readonly root: readonly string[];
  readonly open: boolean;
}

/** What the command starts; tests start less. */
export interface ServeParts {
  createHub(roots: readonly string[], log: (line: string) => void): Promise<Hub>;
  startBrowserHost(options: { hub: Hub; port: number; listen: string }): Promise<BrowserHost>;
  openAddress(address: string): Promise<boolean>;
  isLoopback(address: string): boolean;
}

/** Loaded when asked for: the other commands need neither. */
async function loadParts(): Promise<ServeParts> {
  const [{ createHub }, { startBrowserHost }, { openAddress }, { isLoopback }, handlers] = await Promise.all([
    import('../../hub/hub.js'),
    import('../../server/browser-host.js'),
    import('../../server/open-address.js'),
    import('../../server/security.js'),
    import('../../server/browser-handlers.js'),
  ]);
  return {
    createHub: (roots, log) =>
      createHub({
        kind: 'browser',
        capabilities: handlers.BROWSER_CAPABILITIES,
        handlers: handlers.browserHandlers,
        roots,
        log,
      }),
    startBrowserHost,
    openAddress,
    isLoopback,
  };
}

/** Waits for Ctrl-C, then saves what runs; a second one does not wait for that. */
async function serveUntilInterrupted({ host, output }: CommandContext, hub: Hub, page: BrowserHost): Promise<void> {
  await new Promise<void>((done, fail) => {
    let interrupts = 0;
    const end = (closing: Promise<void>): void => {
      closing.then(() => {
        stopListening();
        done();
      }, fail);
    };
    const stopListening = host.onInterrupt(() => {
      interrupts++;
      if (interrupts > 1) {
        hub.close({ atOnce: true }).catch(fail);
        return;
      }
      output.note(
        hub.runInHand === null
          ? 'Closing; press Ctrl-C again to end at once.'
          : `Stopping the run and keeping it in ${hub.runInHand}; press Ctrl-C again to end at once.`,
      );
      end(Promise.all([page.close(), hub.close()]).then(() => undefined));
    });
  });
}

/** @param load gives what is started */
export async function serve(
  context: CommandContext,
  options: ServeOptions,
  load: () => Promise<ServeParts> = loadParts,
): Promise<number> {
  const { host, output } = context;
  const parts = await load();
  const roots = [homedir(), ...options.root.map((root) => resolve(host.cwd, root))];
  if (!parts.isLoopback(options.listen)) {
    output.note(
      `Warning: ${options.listen} can be reached from other machines. Who has the address below can read and write files in ` +
        `${roots.join(', ')}, and the connection is not encrypted: prefer an SSH tunnel, or put a TLS proxy in front.`,
    );
  }
  const hub = await parts.createHub(roots, (line) => output.note(line));
  try {
    const page = await parts.startBrowserHost({ hub, port: options.port, listen: options.listen });
    output.line(`Graft runs at ${page.address}`);
    output.line('Open that address in a browser on this machine; Ctrl-C ends Graft and keeps a run in hand.');
    // Without a browser the printed address does.
    if (options.open) await parts.openAddress(page.address);
    await serveUntilInterrupted(context, hub, page);
    return EXIT.done;
  } finally {
    await hub.close();
  }
}

function parsePort(value: string): number {
  const port = Number(value);
  if (/^\d+$/.test(value) && port <= 65_535) return port;
  throw new InvalidArgumentError('Expected a port from 0 to 65535.');
}

/** `graft serve`. */
export function addServeCommand(program: Command, context: CommandContext): void {
  program
    .command('serve')
    .description('Run the app in a browser: for machines without a screen of their own, and without Electron.')
    .option('--port <port>', 'port to listen on; 0 takes a free one', parsePort, 0)
    .option('--listen <address>', 'address to listen on; by default only this machine reaches it', '127.0.0.1')
    .option(
      '--root <folder>',
      'folder that the page may use, beside your home folder; may be given again',
      (value: string, before: readonly string[]) => [...before, value],
      [] as readonly string[],
    )
    .option('--open', 'open the address in your browser', true)
    .option('--no-open', 'print the address without opening a browser')
    .addHelpText(
      'after',
      `
Examples:
  graft serve
  graft serve --root /data/photos
  graft serve --no-open --port 8470      # on a remote machine, and here:
  ssh -L 8470:localhost:8470 REMOTE      # then open the printed address`,
    )
    .action(context.action((options: ServeOptions) => serve(context, options)));
}
