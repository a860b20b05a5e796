import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HubOptions, createHub } from '../../src/main/hub/hub.js';
import type { Hub } from '../../src/main/hub/types.js';
import { EVENT_NAMES, type EventName, type Events } from '../../src/shared/contract.js';
import { GraftError } from '../../src/shared/errors.js';
import { createMemoryPorts } from '../../src/shared/port.js';
import { type Client, connect } from '../../src/shared/rpc.js';
import type { EngineState } from '../../src/shared/studio.js';

const unsupported = async (): Promise<never> => {
  throw new GraftError('unsupported', 'the test has no desktop');
};

export interface TestHub {
  readonly hub: Hub;
  /** A page's client. */
  readonly page: Client;
  /** Real path of the folder that everything is below: `home`, the granted `data`, and `known` and `other`, which aren't. */
  readonly folder: string;
  readonly home: string;
  /** Everything that the page was told. */
  readonly events: readonly { readonly name: EventName; readonly data: unknown }[];
  /** Resolves with the first event, past or to come, that fits. */
  until<E extends EventName>(name: E, fits?: (data: Events[E]) => boolean): Promise<Events[E]>;
  /** Resolves when the engine or library is in that state, past states not counted. */
  state(process: EngineState['process'], state: EngineState['state']): Promise<EngineState>;
  openPage(): Client;
  close(): Promise<void>;
}

/**
 * A hub whose engine and library are the fixture `hub-process`.
 *
 * @param entry the bundled fixture
 */
export async function startTestHub(entry: string, options: Partial<HubOptions> = {}): Promise<TestHub> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'graft-hub-')));
  for (const name of ['data', 'known', 'other']) mkdirSync(join(folder, name));
  const home = join(folder, 'home');
  const hub = await createHub({
    kind: 'browser',
    capabilities: { nativeDialogs: false, reveal: false, uploads: true },
    handlers: { 'host.pick': unsupported, 'host.reveal': async () => null, 'host.openLink': unsupported },
    roots: [join(folder, 'data')],
    exportFolder: join(folder, 'exports'),
    dataFolder: home,
    log: () => undefined,
    ...options,
    engine: { entry, ...options.engine },
    library: { entry, ...options.library },
  });
  const openPage = (): Client => {
    const [near, far] = createMemoryPorts();
    hub.attach(far);
    return connect(near);
  };
  const page = openPage();
  const events: { name: EventName; data: unknown }[] = [];
  const waiting = new Set<() => void>();
  for (const name of EVENT_NAMES) {
    page.on(name, (data) => {
      events.push({ name, data });
      for (const look of [...waiting]) look();
    });
  }
  const until = <E extends EventName>(name: E, fits: (data: Events[E]) => boolean = () => true): Promise<Events[E]> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = events.find((event) => event.name === name && fits(event.data as Events[E]));
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found.data as Events[E]);
      };
      waiting.add(look);
      look();
    });
  return {
    hub,
    page,
    folder,
    home,
    events,
    until,
    async state(process, wanted) {
      for (;;) {
        const { processes } = await page.call('host.info', {});
        const found = processes.find((one) => one.process === process);
        if (found?.state === wanted) return found;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    openPage,
    async close() {
      await hub.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
