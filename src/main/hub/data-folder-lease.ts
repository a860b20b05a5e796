import { randomUUID } from 'node:crypto';
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { GraftError, messageOf } from '../../shared/errors.js';
import type { HostInfo } from '../../shared/studio.js';
import { breakLock } from '../common/break-lock.js';
import { isStillRunning, ownProcess } from '../common/processes.js';
import { renameWithRetry } from '../common/rename.js';
import { systemCode } from '../common/system-code.js';

/** One app's right to change the projects of a data folder. */
export interface DataFolderLease {
  /** Notes where the app can be reached, for a second one to say. Only the user may read the file: the address lets in. */
  announce(address: string): Promise<void>;
  /** Gives the folder back, once nothing of this app writes there any more. */
  release(): Promise<void>;
}

export interface LeaseOptions {
  readonly kind: HostInfo['kind'];
  /** Told when the lease is lost, which takes an app that stood still for long. */
  readonly log: (line: string) => void;
  /** How often the file's time is renewed … */
  readonly renewMs?: number;
  /** … and how long it is watched for that, where it can't be told whether its process lives. */
  readonly watchMs?: number;
}

const RENEW_MS = 2000;
const WATCH_MS = 7000;
/** Before a lease that was cleared away, perhaps by another who wants it, too, is looked at again. */
const RETRY_MS = 20;

const holderSchema = v.object({
  token: v.string(),
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** What tells the process from a later one of the same number; null where the system does not say. */
  start: v.nullable(v.string()),
  /** Host name: what is known of processes holds on their own machine only. */
  machine: v.string(),
  kind: v.picklist(['desktop', 'browser']),
  since: v.string(),
  address: v.nullable(v.string()),
});

type Holder = v.InferOutput<typeof holderSchema>;

/** Tokens of the leases that this very process holds. */
const ownTokens = new Set<string>();

interface Found {
  readonly text: string;
  /** Null for a file that is no lease, or one in the making. */
  readonly holder: Holder | null;
  readonly renewedMs: number;
}

function parseHolder(text: string): Holder | null {
  try {
    const { success, output } = v.safeParse(holderSchema, JSON.parse(text));
    return success ? output : null;
  } catch {
    return null;
  }
}

async function look(file: string): Promise<Found | null> {
  try {
    const [text, facts] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
    return { text, holder: parseHolder(text), renewedMs: facts.mtimeMs };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Whether a lease is held, as far as one look tells; null where only watching does. */
async function judge({ holder, renewedMs }: Found, renewMs: number): Promise<boolean | null> {
  if (holder === null || holder.machine !== hostname()) return null;
  if (ownTokens.has(holder.token)) return true;
  // An earlier process had our number, as in a container that was started again.
  if (holder.pid === process.pid) return false;
  return (await isStillRunning(holder)) ?? (Date.now() - renewedMs < 2 * renewMs ? true : null);
}

/** Watches whether a lease is renewed. No clocks are compared, which may differ between machines. */
async function isRenewed(file: string, before: Found, renewMs: number, watchMs: number): Promise<boolean> {
  const untilMs = performance.now() + watchMs;
  while (performance.now() < untilMs) {
    await delay(renewMs / 4);
    const now = await look(file);
    if (now === null) return false;
    if (now.renewedMs !== before.renewedMs || now.text !== before.text) return true;
  }
  return false;
}

function inUse(folder: string, holder: Holder | null): GraftError {
  const by =
    holder === null
      ? 'another Graft'
      : `${holder.kind === 'desktop' ? "Graft's window" : 'graft serve'} (process ${holder.pid}${holder.machine === hostname() ? '' : ` on ${holder.machine}`}, since ${holder.since})`;
  const instead =
    holder?.kind === 'desktop'
      ? 'Use that window, or quit it first.'
      : holder?.address == null
        ? 'Use that one, or end it first.'
        : `Open ${holder.address} instead, or end it first with Ctrl-C where it runs.`;
  return new GraftError(
    'conflict',
    `expected a data folder that no other Graft works in, but ${folder} is in use by ${by}: two at once would overwrite each other's projects. ` +
      `${instead} To work on other projects beside it, set GRAFT_HOME to another folder. Commands such as graft train work beside it.`,
    { details: { pid: holder?.pid ?? null, address: holder?.address ?? null } },
  );
}

/**
 * Takes a data folder for this app. The library keeps projects in memory and writes them whole, so a second one would
 * undo the first one's changes; runs, caches and backbones have claims and whole files of their own and may be shared.
 *
 * The file `app.lock` names the process, and its time is renewed while the app runs. It outlives a process that is killed,
 * but does not bind then: on the same machine the process is looked up, with the moment it started where the system tells;
 * otherwise the file is watched for some seconds.
 *
 * @param folder the data folder, there already
 * @throws GraftError `conflict` when another app works there, with how to reach it
 */
export async function leaseDataFolder(folder: string, options: LeaseOptions): Promise<DataFolderLease> {
  const { kind, log, renewMs = RENEW_MS, watchMs = WATCH_MS } = options;
  const file = join(folder, 'app.lock');
  const token = randomUUID();
  let own: Holder = {
    ...{ token, ...(await ownProcess()), machine: hostname(), kind },
    since: new Date().toISOString(),
    address: null,
  };
  const create = async (): Promise<boolean> => {
    try {
      await writeFile(file, JSON.stringify(own), { flag: 'wx', mode: 0o600 });
      return true;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      throw error;
    }
  };

  ownTokens.add(token);
  try {
    while (!(await create())) {
      const found = await look(file);
      if (found === null) continue;
      const isHeld = (await judge(found, renewMs)) ?? (await isRenewed(file, found, renewMs, watchMs));
      // What it says may be newer than what was looked at first.
      if (isHeld) throw inUse(folder, (await look(file))?.holder ?? found.holder);
      await breakLock(file, async () => (await look(file))?.text === found.text);
      await delay(RETRY_MS);
    }
  } catch (error) {
    ownTokens.delete(token);
    if (error instanceof GraftError) throw error;
    throw new GraftError('unreadable-file', `expected to write ${file}: ${messageOf(error)}. Look whether you may write to that folder, and whether the disk has room`, { cause: error }); // prettier-ignore
  }

  const isOurs = async (): Promise<boolean> => (await look(file))?.holder?.token === token;
  const renew = async (): Promise<void> => {
    const found = await look(file);
    // Tidied away by somebody: it is put back.
    if (found === null) await create();
    else if (found.holder?.token === token) await utimes(file, new Date(), new Date());
    else if (found.holder !== null) {
      clearInterval(renewal);
      log(`graft: ${inUse(folder, found.holder).message}`);
    }
  };
  const renewal = setInterval(() => void renew().catch(() => undefined), renewMs);
  renewal.unref();

  return {
    async announce(address) {
      own = { ...own, address };
      const temporary = `${file}.${randomUUID()}`;
      try {
        await writeFile(temporary, JSON.stringify(own), { flag: 'wx', mode: 0o600 });
        if (await isOurs()) await renameWithRetry(temporary, file);
      } catch (error) {
        log(`graft: ${file} could not be written: ${messageOf(error)}`);
      } finally {
        await rm(temporary, { force: true });
      }
    },
    async release() {
      clearInterval(renewal);
      ownTokens.delete(token);
      // Left behind, it names a process that has ended, which binds nobody.
      if (await isOurs().catch(() => false)) await rm(file, { force: true }).catch(() => undefined);
    },
  };
}
