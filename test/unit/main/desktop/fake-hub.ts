import type { Handlers, ParamsInput } from '../../../../src/shared/contract.js';
import { GraftError } from '../../../../src/shared/errors.js';
import { createMemoryPorts } from '../../../../src/shared/port.js';
import { type Server, connect, createServer } from '../../../../src/shared/rpc.js';
import type { HubOptions } from '../../../../src/main/hub/hub.js';
import type { Hub } from '../../../../src/main/hub/types.js';

/** A hub without processes, which remembers what it was asked. */
export interface FakeHub {
  readonly hub: Hub;
  readonly createHub: (options: HubOptions) => Promise<Hub>;
  readonly server: Server;
  readonly calls: { method: string; params: unknown }[];
  readonly granted: string[];
  options: HubOptions | null;
  runInHand: string | null;
  /** Resolves the close in hand. */
  finishClosing: () => void;
  isClosed: boolean;
  media: Hub['media'];
}

export function createFakeHub(handlers: Partial<Handlers> = {}): FakeHub {
  const calls: FakeHub['calls'] = [];
  const granted: string[] = [];
  const remember =
    <R>(method: string, result: R) =>
    async (params: unknown): Promise<R> => {
      calls.push({ method, params });
      return result;
    };
  const server = createServer({
    'projects.list': remember('projects.list', []),
    'projects.open': remember('projects.open', null as never),
    'projects.close': remember('projects.close', null),
    'dataset.file': async ({ image }) => ({ file: `/data/${image}` }),
    'host.info': async () => ({ kind: 'desktop' }) as never,
    ...handlers,
  });
  const [near, far] = createMemoryPorts();
  server.attach(far);
  const fake: FakeHub = {
    ...{ server, calls, granted },
    hub: {
      grants: {
        roots: granted,
        grant: async (path) => void granted.push(path),
        check: async (path) => {
          if (path.startsWith('/data/') || granted.includes(path)) return path;
          throw new GraftError('not-granted', `${path} lies outside`);
        },
      },
      client: connect(near),
      attach: (port) => server.attach(port),
      media: (address) => fake.media(address),
      receiveUpload: async () => undefined,
      announce: async () => undefined,
      get runInHand() {
        return fake.runInHand;
      },
      close: () =>
        new Promise((resolve) => {
          fake.finishClosing = () => {
            fake.isClosed = true;
            resolve();
          };
        }),
    },
    createHub: async (options) => {
      fake.options = options;
      return fake.hub;
    },
    options: null,
    runInHand: null,
    finishClosing: () => undefined,
    isClosed: false,
    media: async () => null,
  };
  return fake;
}

/** A project as `projects.changed` tells of it; the desktop reads no recipe. */
export const projectCalled = (name: string, path = `/data/${name}`): never =>
  ({ id: name, name, path, openedAt: '2026-01-01T00:00:00Z', revision: 0, recipe: {} as ParamsInput<'projects.update'> }) as never; // prettier-ignore

/** Lets messages in memory and promises that wait for them come through. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};
