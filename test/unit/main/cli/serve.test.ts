import { homedir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { type ServeParts, serve } from '../../../../src/main/cli/commands/serve.js';
import type { CommandContext } from '../../../../src/main/cli/context.js';
import { createOutput } from '../../../../src/main/cli/output.js';
import type { Hub } from '../../../../src/main/hub/types.js';
import { GraftError } from '../../../../src/shared/errors.js';
import { runFakeCli } from '../../../support/cli.js';

const ADDRESS = 'http://127.0.0.1:8470/#token=secret';

/** The command with fakes around it; `closes` are what the hub was told, `written` what the user reads. */
function prepare(
  options: { runInHand?: string; opens?: boolean; closing?: Promise<void>; failsAtOnce?: boolean } = {},
) {
  const closes: string[] = [];
  const opened: string[] = [];
  const written = { stdout: '', stderr: '' };
  const started: { roots: readonly string[]; port: number; listen: string }[] = [];
  let interrupt = (): void => undefined;
  const stream = (name: 'stdout' | 'stderr') => ({ write: (text: string) => (written[name] += text) !== '' });
  let atOnce = (): void => undefined;
  const ended = new Promise<void>((resolve) => (atOnce = resolve));
  const hub = {
    runInHand: options.runInHand ?? null,
    close: async ({ atOnce: isAtOnce = false } = {}) => {
      closes.push(isAtOnce ? 'at once' : 'saved');
      if (isAtOnce) {
        atOnce();
        if (options.failsAtOnce === true) throw new Error('no');
      } else if (!closes.includes('at once')) await Promise.race([options.closing ?? Promise.resolve(), ended]);
    },
  } as unknown as Hub;
  let listening = (): void => undefined;
  const isListening = new Promise<void>((resolve) => (listening = resolve));
  const context = {
    host: {
      cwd: '/work',
      onInterrupt: (listener: () => void) => {
        interrupt = listener;
        listening();
        return () => undefined;
      },
    },
    output: createOutput(stream('stdout'), stream('stderr'), () => 0),
  } as unknown as CommandContext;
  let roots: readonly string[] = [];
  const parts: ServeParts = {
    createHub: async (given) => {
      roots = given;
      return hub;
    },
    startBrowserHost: async ({ port, listen }) => {
      if (port === 1) throw new GraftError('usage', 'taken');
      started.push({ roots, port, listen });
      return { port, address: ADDRESS, close: async () => undefined };
    },
    openAddress: async (address) => {
      opened.push(address);
      return options.opens ?? true;
    },
    isLoopback: (address) => address === '127.0.0.1',
  };
  const run = (given: Partial<Parameters<typeof serve>[1]> = {}) =>
    serve(context, { port: 0, listen: '127.0.0.1', root: [], open: true, ...given }, async () => parts);
  return { run, closes, opened, written, started, isListening, interrupt: () => interrupt() };
}

describe('graft serve', () => {
  it('prints the address, opens it, and closes at Ctrl-C', async () => {
    const test = prepare();
    const done = test.run({ root: ['photos', '/data'], port: 8470 });
    await test.isListening;
    expect(test.written.stdout).toBe(
      `Graft runs at ${ADDRESS}\nOpen that address in a browser on this machine; Ctrl-C ends Graft and keeps a run in hand.\n`,
    );
    expect(test.started).toEqual([{ roots: [homedir(), '/work/photos', '/data'], port: 8470, listen: '127.0.0.1' }]);
    expect(test.opened).toEqual([ADDRESS]);
    test.interrupt();
    expect(await done).toBe(0);
    expect(test.closes[0]).toBe('saved');
    expect(test.written.stderr).toBe('Closing; press Ctrl-C again to end at once.\n');
  });

  it('opens nothing when told not to, and lives without a browser', async () => {
    for (const [open, opens] of [
      [false, true],
      [true, false],
    ] as const) {
      const test = prepare({ opens });
      const done = test.run({ open });
      await test.isListening;
      expect(test.opened).toHaveLength(open ? 1 : 0);
      expect(test.written.stderr).toBe('');
      test.interrupt();
      expect(await done).toBe(0);
    }
  });

  it('says which run it keeps, and waits no longer after a second Ctrl-C', async () => {
    const test = prepare({ runInHand: '/runs/a', closing: new Promise(() => undefined) });
    const done = test.run();
    await test.isListening;
    test.interrupt();
    expect(test.written.stderr).toMatch(/Stopping the run and keeping it in \/runs\/a; press Ctrl-C again/);
    test.interrupt();
    expect(await done).toBe(0);
    expect(test.closes.slice(0, 2)).toEqual(['saved', 'at once']);
  });

  it('fails where closing at once fails, rather than leave that unheard', async () => {
    const test = prepare({ closing: new Promise(() => undefined), failsAtOnce: true });
    const done = test.run();
    await test.isListening;
    test.interrupt();
    test.interrupt();
    await expect(done).rejects.toThrow('no');
  });

  it('warns of an address that other machines reach', async () => {
    const test = prepare();
    const done = test.run({ listen: '0.0.0.0' });
    await test.isListening;
    expect(test.written.stderr).toMatch(
      /^Warning: 0\.0\.0\.0 can be reached from other machines.*not encrypted.*SSH tunnel/,
    );
    test.interrupt();
    await done;
  });

  it('leaves no process behind when the port is taken', async () => {
    const test = prepare();
    await expect(test.run({ port: 1 })).rejects.toMatchObject({ code: 'usage' });
    expect(test.closes).toEqual(['saved']);
  });

  it.each(['-1', '65536', '1.5', 'x', ''])('refuses the port %j', async (port) => {
    const { code, stderr } = await runFakeCli(['serve', '--port', port]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/Expected a port from 0 to 65535/);
  });
});
