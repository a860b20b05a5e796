import * as v from 'valibot';
import { empty, path } from './fields.js';

/** Pages that the app may open in the user's browser; a host knows their addresses. */
export const LINKS = ['tensorflow-help', 'backbones'] as const;
export type LinkId = (typeof LINKS)[number];

/** Calls that a host answers itself. */
export const HOST_METHODS = {
  'host.info': empty,
  /** A native dialog, where the host has one; null when the user closes it. */
  'host.pick': v.strictObject({ kind: v.picklist(['folder', 'dataset', 'pictures', 'weights']), title: v.string() }),
  /** Folders and archives below a granted root, for hosts without native dialogs; null lists the roots. */
  'host.folders': v.strictObject({ path: v.nullable(path) }),
  'host.makeFolder': v.strictObject({ parent: path, name: v.string() }),
  /** Shows a file of the current data set, a run or an export in the system's file manager. */
  'host.reveal': v.strictObject({
    target: v.variant('kind', [
      v.strictObject({ kind: v.literal('image'), image: v.string() }),
      v.strictObject({ kind: v.literal('path'), path }),
    ]),
  }),
  'host.openLink': v.strictObject({ link: v.picklist(LINKS) }),
  /** Begins an upload; its files are then sent over HTTP. */
  'host.beginUpload': v.strictObject({ name: v.string() }),
  /** Resolves to what was uploaded: the one archive, or the folder. */
  'host.finishUpload': v.strictObject({ upload: v.string() }),
  'host.restartEngine': empty,
} as const satisfies Record<string, v.GenericSchema<unknown, unknown>>;
