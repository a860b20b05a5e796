import { mkdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  type CallContext,
  ENGINE_METHODS,
  type EngineMethod,
  type EventName,
  type Events,
  HOST_ONLY_METHODS,
  type Handlers,
  LIBRARY_METHODS,
  type LibraryMethod,
  METHODS,
  type MethodName,
  type Params,
} from '../../shared/contract.js';
import { GraftError, messageOf } from '../../shared/errors.js';
import { createMemoryPorts } from '../../shared/port.js';
import { type Client, type Server, connect, createServer } from '../../shared/rpc.js';
import type { HostInfo, RunInfo } from '../../shared/studio.js';
import { dataFolder as defaultDataFolder, uploadsFolder } from '../common/data-folder.js';
import { engineEntry } from '../engine-process.js';
import type { Launch } from '../engine-process/launch.js';
import { findProjectRoot } from '../common/project-root.js';
import { leaseDataFolder } from './data-folder-lease.js';
import { createGrants } from './grants.js';
import { createHostHandlers } from './host-handlers.js';
import { type ManagedProcess, type ManagedProcessOptions, manageProcess } from './managed-process.js';
import { findMedia } from './media.js';
import { checkPaths } from './path-fields.js';
import { createRunKeeper } from './run-keeper.js';
import type { Grants, HostHandlers, Hub } from './types.js';
import { UPLOAD_LIMITS, type UploadLimits, createUploads } from './uploads.js';

/** How one of the two processes is started; by default as this project built it, by this process's own Node.js. */
export interface ProcessStart {
  readonly entry?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly execPath?: string;
  /** What starts it; by default Node's `fork`. */
  readonly launch?: Launch;
}

export interface HubOptions {
  readonly kind: HostInfo['kind'];
  readonly capabilities: HostInfo['capabilities'];
  /** What a page may name and `host.folders` begins with; the data folder and the export folder come on top, unlisted. */
  readonly roots: readonly string[];
  readonly handlers: HostHandlers;
  /** By default `Graft exports` in the user's home folder. */
  readonly exportFolder?: string;
  /** By default {@link defaultDataFolder}. */
  readonly dataFolder?: string;
  readonly engine?: ProcessStart;
  readonly library?: ProcessStart;
  readonly uploadLimits?: UploadLimits;
  /** How long a process may take to end: a run in hand is saved in that time. */
  readonly stopTimeoutMs?: number;
  /** Given lines of the processes, and of bugs. */
  readonly log?: (line: string) => void;
}

const STOP_TIMEOUT_MS = 60_000;
/** How long a run may take to stop before the engine is restarted over it. */
const RUN_STOP_MS = 10_000;

const later = (timeoutMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, timeoutMs).unref());

/** The data folder's real path, so that a run has one name everywhere. */
function realDataFolder(given: string | undefined): string {
  const folder = given ?? defaultDataFolder();
  try {
    mkdirSync(folder, { recursive: true });
    return realpathSync(folder);
  } catch (cause) {
    const message = `expected a folder for Graft's data at ${folder}, but it can't be made: ${messageOf(cause)}. Make it yourself, or name another in GRAFT_HOME`;
    throw new GraftError('unreadable-file', message, { cause });
  }
}

function forwardAll<M extends EngineMethod | LibraryMethod>(
  methods: Record<M, unknown>,
  to: ManagedProcess,
): Handlers<M> {
  const names = Object.keys(methods) as M[];
  const forward = (method: M) => (params: Params<M>, context: CallContext) => to.call(method, params, context);
  return Object.fromEntries(names.map((method) => [method, forward(method)])) as unknown as Handlers<M>;
}

/** The same handlers for pages: every path is checked first, and some methods are not theirs. */
function guard(handlers: Handlers, check: Grants['check']): Partial<Handlers> {
  const guarded =
    <M extends MethodName>(method: M) =>
    async (params: Params<M>, context: CallContext): Promise<unknown> =>
      await (handlers[method] as (params: Params<M>, context: CallContext) => Promise<unknown>)(
        await checkPaths(method, params, check),
        context,
      );
  const names = (Object.keys(METHODS) as MethodName[]).filter((name) => !HOST_ONLY_METHODS.some((own) => own === name));
  return Object.fromEntries(names.map((name) => [name, guarded(name)]));
}

/** The library's decoded pictures come and go: unlike training's activations, their memory is given back. */
const LIBRARY_ENV = { MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' } as const;

/**
 * Starts the engine and the library and puts one contract over both, see {@link Hub}.
 *
 * @throws GraftError `not-granted` when a root can't be reached, `conflict` when another app works in the data folder,
 * `unreadable-file` when there can be none
 */
export async function createHub(options: HubOptions): Promise<Hub> {
  const { log = (line: string) => void process.stderr.write(`${line}\n`) } = options;
  const dataFolder = realDataFolder(options.dataFolder);
  const exportFolder = options.exportFolder ?? join(homedir(), 'Graft exports');
  const granted = await createGrants([...options.roots, dataFolder, exportFolder]);
  const lease = await leaseDataFolder(dataFolder, { kind: options.kind, log });
  const uploads = createUploads(uploadsFolder(dataFolder), options.uploadLimits ?? UPLOAD_LIMITS);

  // Nobody waits for it, and what it can't remove now it comes to the next time.
  void uploads.tidy().catch(() => undefined);

  const servers: Server[] = [];
  const emit = <E extends EventName>(name: E, data: Events[E]): void => {
    for (const server of servers) server.emit(name, data);
  };
  const keeper = createRunKeeper({ emit, onNotice: (notice) => engine.setNotice(notice) });
  let openProject: string | null = null;

  const processOf = (
    own: Pick<ManagedProcessOptions, 'name' | 'entry' | 'probe' | 'restore' | 'onEvent' | 'onCrash' | 'onGiveUp'>,
    start: ProcessStart = {},
  ): ManagedProcess =>
    manageProcess({
      ...own,
      entry: start.entry ?? own.entry,
      env: { ...(own.name === 'library' ? LIBRARY_ENV : {}), ...start.env, GRAFT_HOME: dataFolder },
      ...(start.execPath === undefined ? {} : { execPath: start.execPath }),
      ...(start.launch === undefined ? {} : { launch: start.launch }),
      stopTimeoutMs: options.stopTimeoutMs ?? STOP_TIMEOUT_MS,
      log,
      onState: (state) => emit('host.engine', state),
    });

  const library = processOf(
    {
      name: 'library',
      entry: join(findProjectRoot(), 'out', 'main', 'library.js'),
      probe: (client) => client.call('projects.current', {}),
      restore: async (client) => {
        if (openProject === null || (await client.call('projects.current', {})) !== null) return;
        await client.call('projects.open', { path: openProject });
      },
      onEvent: (name, data) => {
        if (name === 'projects.changed' && 'project' in data) openProject = data.project?.path ?? null;
        emit(name, data);
      },
      onCrash: () => undefined,
      onGiveUp: () => undefined,
    },
    options.library,
  );
  const engine = processOf(
    {
      name: 'engine',
      entry: engineEntry(),
      probe: (client) => client.call('engine.info', {}),
      restore: (client) => keeper.restore(client),
      onEvent: (name, data) => {
        emit(name, data);
        keeper.onEvent(name, data);
      },
      onCrash: (error) => keeper.onCrash(error),
      onGiveUp: (error) => keeper.abandon(error),
    },
    options.engine,
  );

  const restartEngine = async (): Promise<void> => {
    const { run } = keeper;
    if (run !== null) {
      // Asked for by its own way, a run ends with its event; an engine that hangs says nothing.
      const stopping = keeper.ending(run, () => engine.call('train.stop', { run }, {})).catch(() => undefined);
      await Promise.race([stopping.then(() => keeper.idle()), later(RUN_STOP_MS)]);
      keeper.abandon(
        new GraftError('engine-crashed', 'The engine was restarted; the run is left as its last checkpoint has it.'),
      );
    }
    engine.setNotice(null);
    await engine.restart();
  };

  /** A run's folder says that it was interrupted for as long as it trains. */
  const withStatus = (info: RunInfo): RunInfo =>
    info.run === keeper.run ? { ...info, status: 'running', isResumable: false, error: null } : info;

  const grants: Grants = {
    get roots() {
      return granted.roots;
    },
    grant: (path) => granted.grant(path),
    check: async (path) => {
      try {
        return await granted.check(path);
      } catch (error) {
        // Projects were opened by a granted path once, perhaps in another session.
        const known = await library.call('projects.list', {}, {}).catch(() => null);
        if (known === null) throw error;
        for (const project of known) await granted.grant(project.path).catch(() => undefined);
        return await granted.check(path);
      }
    },
  };

  const handlers: Handlers = {
    ...forwardAll(ENGINE_METHODS, engine),
    ...forwardAll(LIBRARY_METHODS, library),
    ...createHostHandlers({
      kind: options.kind,
      capabilities: options.capabilities,
      exportFolder,
      roots: options.roots,
      grants,
      uploads,
      own: options.handlers,
      processes: () => [engine.state, library.state],
      restartEngine,
    }),
    'train.start': (params, context) => keeper.starting(params.out, () => engine.call('train.start', params, context)),
    'train.resume': (params, context) =>
      keeper.starting(params.run, () => engine.call('train.resume', params, context)),
    'train.stop': (params, context) => keeper.ending(params.run, () => engine.call('train.stop', params, context)),
    'train.cancel': (params, context) => keeper.ending(params.run, () => engine.call('train.cancel', params, context)),
    'runs.list': async (params, context) => (await library.call('runs.list', params, context)).map(withStatus),
    'runs.get': async (params, context) => {
      const detail = await library.call('runs.get', params, context);
      return { ...detail, info: withStatus(detail.info) };
    },
    'runs.delete': async (params, context) => {
      if (params.run === keeper.run) {
        throw new GraftError('engine-busy', `${params.run} is training: stop it before you delete it`);
      }
      return await library.call('runs.delete', params, context);
    },
  };

  const onInternalError = (error: unknown, method: string): void =>
    log(`graft: ${method}: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`);
  const pages = createServer(
    guard(handlers, (path) => grants.check(path)),
    { onInternalError },
  );
  const host = createServer(handlers, { onInternalError });
  servers.push(pages, host);
  const [near, far] = createMemoryPorts();
  host.attach(far);
  const client: Client = connect(near);

  return {
    grants,
    client,
    attach: (port) => pages.attach(port),
    media: (address) => findMedia(address, client, (path) => grants.check(path)),
    receiveUpload: (upload, path, data) => uploads.receive(upload, path, data),
    announce: (address) => lease.announce(address),
    get runInHand() {
      return keeper.run;
    },
    async close({ atOnce = false } = {}) {
      if (atOnce) for (const one of [engine, library]) one.kill();
      await Promise.all([engine.stop(), library.stop()]);
      await uploads.close();
      await lease.release();
      client.close();
      for (const server of servers) server.close();
    },
  };
}
