import { dirname } from 'node:path';
import type { BrowserWindow, OpenDialogOptions } from 'electron';
import type { Params } from '../../shared/contract.js';
import { LINK_ADDRESSES } from '../hub/links.js';
import type { HostHandlers, Hub } from '../hub/types.js';
import type { ElectronMain } from './electron.js';
import type { SettingsStore } from './settings.js';
import type { Words } from './words.js';

export type PickKind = Params<'host.pick'>['kind'] | 'archive';

export interface DialogOptions {
  readonly electron: Pick<ElectronMain, 'dialog' | 'shell'>;
  readonly settings: SettingsStore;
  readonly words: Words;
  readonly platform: NodeJS.Platform;
  readonly window: () => BrowserWindow | null;
}

const MAX_TITLE_LENGTH = 200;

/** What a dialog of a kind lets the user pick. Only macOS has dialogs that take folders and files alike. */
function describePick(kind: PickKind, words: Words, platform: NodeJS.Platform): OpenDialogOptions {
  const archives = { name: words.archives, extensions: ['zip'] };
  switch (kind) {
    case 'folder':
      return { properties: ['openDirectory', 'createDirectory'] };
    case 'dataset':
      return platform === 'darwin'
        ? { properties: ['openDirectory', 'openFile'], filters: [archives] }
        : { properties: ['openDirectory'] };
    case 'archive':
      return { properties: ['openFile'], filters: [archives] };
    case 'pictures':
      return {
        properties: ['openFile'],
        filters: [
          {
            name: words.images,
            extensions: ['jpg', 'jpeg', 'png', 'webp', 'bmp', 'gif', 'tif', 'tiff', 'heic', 'heif', 'avif'],
          },
        ],
      };
    case 'weights':
      return {
        properties: ['openFile'],
        filters: [{ name: words.weights, extensions: ['safetensors', 'pth', 'pt', 'bin'] }],
      };
  }
}

/** Shows a native dialog that begins where the last one ended. @returns null when the user closes it */
export async function pickPath(
  kind: PickKind,
  title: string,
  { electron: { dialog }, settings, words, platform, window }: DialogOptions,
): Promise<string | null> {
  const { lastFolder } = settings.values;
  const options: OpenDialogOptions = {
    ...describePick(kind, words, platform),
    title: title.slice(0, MAX_TITLE_LENGTH),
    ...(lastFolder === null ? {} : { defaultPath: lastFolder }),
  };
  const parent = window();
  const { canceled, filePaths } =
    parent === null ? await dialog.showOpenDialog(options) : await dialog.showOpenDialog(parent, options);
  const [path] = filePaths;
  if (canceled || path === undefined) return null;
  settings.update({ lastFolder: dirname(path) });
  return path;
}

/** The calls that the desktop answers in its own way; the hub answers the others. */
export function createHostHandlers(options: DialogOptions, hub: () => Pick<Hub, 'client' | 'grants'>): HostHandlers {
  const { shell } = options.electron;
  return {
    'host.pick': async ({ kind, title }) => {
      const path = await pickPath(kind, title, options);
      if (path === null) return null;
      await hub().grants.grant(path);
      return { path };
    },
    'host.reveal': async ({ target }) => {
      const { client, grants } = hub();
      const file =
        target.kind === 'path' ? target.path : (await client.call('dataset.file', { image: target.image })).file;
      shell.showItemInFolder(await grants.check(file));
      return null;
    },
    'host.openLink': async ({ link }) => {
      await shell.openExternal(LINK_ADDRESSES[link]);
      return null;
    },
  };
}
