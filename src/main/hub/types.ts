import type { Readable } from 'node:stream';
import type { HostMethod, Handlers } from '../../shared/contract.js';
import type { Port } from '../../shared/port.js';
import type { Client } from '../../shared/rpc.js';

/** Folders that pages may name: every path of a call is resolved and must lie in one of them. */
export interface Grants {
  readonly roots: readonly string[];
  /** Lets pages name `path` and what is below it: the user picked it in a dialog or dropped it. */
  grant(path: string): Promise<void>;
  /**
   * The real path of `path`, which need not exist yet; its nearest existing parent then decides.
   *
   * @throws GraftError `not-granted` when it lies outside every root
   */
  check(path: string): Promise<string>;
}

/** A file that a page gets by its address rather than by a call. */
export interface MediaFile {
  readonly file: string;
  readonly contentType: string;
  /** It never changes under its address: the page gave a version of its own, `v=…`, usually the picture's hash. */
  readonly isImmutable: boolean;
}

/** Calls of a host that depend on what it can do; the rest the hub answers. */
export type HostHandlers = Pick<Handlers<HostMethod>, 'host.pick' | 'host.reveal' | 'host.openLink'>;

/**
 * What every host has in its middle: the engine and the library, watched and restarted, behind one contract for any
 * number of pages.
 */
export interface Hub {
  readonly grants: Grants;
  /** For the host itself; sees what a page sees, without checks of paths. */
  readonly client: Client;
  /** Serves another page. A page that goes does not stop what runs. */
  attach(port: Port): void;
  /**
   * Resolves `/media/thumbnail?image=…&size=…`, `/media/thumbnail?file=…&size=…` and `/media/pixels?image=…&backbone=…`,
   * each with an optional `&v=…`.
   *
   * @returns null for an address that is none of these
   * @throws GraftError `not-found`, `not-granted`, `invalid-value`
   */
  media(address: URL): Promise<MediaFile | null>;
  /**
   * Writes one file of an upload that a page has begun by `host.beginUpload`.
   *
   * @param path inside the upload, with `/`
   * @throws GraftError `not-found`, `unsafe-file`, `invalid-value`, `disk-full`, `unreadable-file`, `cancelled`
   */
  receiveUpload(upload: string, path: string, data: Readable): Promise<void>;
  /** Notes where the app can be reached, for who starts a second one on the same data folder. */
  announce(address: string): Promise<void>;
  /** The folder of the run that trains now; null when none does. */
  readonly runInHand: string | null;
  /** Stops a run in hand, keeping it, and ends both processes; `atOnce` kills them, also while they are being ended. */
  close(options?: { readonly atOnce?: boolean }): Promise<void>;
}
