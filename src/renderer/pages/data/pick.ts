import type { Studio } from '../../state/studio.svelte.js';
import type { Importer } from './importer.svelte.js';

/** Lets the user pick a folder: the system's dialog where there is one, else Graft's own. */
export async function pickFolder(studio: Studio, importer: Importer): Promise<void> {
  // Not known yet means a page that has only just opened: its own dialog works everywhere but in the desktop app.
  const isNative = studio.info?.capabilities.nativeDialogs ?? studio.host.kind === 'desktop';
  if (!isNative) {
    studio.isFolderPickerOpen = true;
    return;
  }
  studio.isFolderPickerOpen = false;
  await studio.attempt(async () => {
    const picked = await studio.connection.call('host.pick', { kind: 'folder', title: 'Choose a folder of pictures' });
    if (picked !== null) await importer.open(picked.path);
  });
}

/**
 * Lets the user pick files by the browser's own dialog.
 *
 * @param kind `folder` sends a folder's files; `archive` is one zip
 */
export function pickFiles(kind: 'folder' | 'archive', importer: Importer): void {
  const input = document.createElement('input');
  input.type = 'file';
  if (kind === 'folder') input.webkitdirectory = true;
  else input.accept = '.zip,application/zip';
  input.addEventListener('change', () => {
    const files = Array.from(input.files ?? []);
    if (files.length > 0) void importer.take({ files, entries: [] });
  });
  input.click();
}
