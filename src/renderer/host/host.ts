import type { Port } from '../../shared/port.js';

/** What the page needs of the program around it; the desktop app and the browser host each have one. */
export interface Host {
  readonly kind: 'desktop' | 'browser';
  /**
   * Opens a channel to the hub.
   *
   * @throws GraftError `disconnected` when the hub can't be reached, `not-granted` when the page has no right to it
   */
  openPort(): Promise<Port>;
  /** Absolute paths of files that were dropped or picked; null where the host only gets their bytes. */
  pathsOf(files: readonly File[]): Promise<readonly string[] | null>;
  /**
   * Sends one file of an upload.
   *
   * @param relativePath with `/`, below the upload's folder
   * @throws GraftError `cancelled`, `disconnected`, or what the host refuses it with
   */
  sendFile(upload: string, relativePath: string, file: Blob, options: SendOptions): Promise<void>;
  /** Commands from a native menu; returns what stops listening. */
  onMenu(listener: (command: string) => void): () => void;
}

export interface SendOptions {
  readonly signal: AbortSignal;
  readonly onBytes: (sent: number) => void;
}

/** Edge lengths that thumbnails come in, in pixels. */
export type ThumbnailSize = 96 | 192 | 384 | 1024;

/** Address of a picture of the data set, re-encoded. `hash` names its content, so that a changed file is another address. */
export function thumbnailUrl(image: { readonly path: string; readonly hash: string }, size: ThumbnailSize): string {
  const query = new URLSearchParams({ image: image.path, size: String(size), v: image.hash.slice(0, 12) });
  return `/media/thumbnail?${query.toString()}`;
}

/** Address of a picture outside the data set, re-encoded. */
export function fileThumbnailUrl(file: string, size: ThumbnailSize): string {
  return `/media/thumbnail?${new URLSearchParams({ file, size: String(size) }).toString()}`;
}

/** Address of the source pixels that training draws a picture from. `hash` names its content, as in {@link thumbnailUrl}. */
export function pixelsUrl(image: { readonly path: string; readonly hash: string }, backbone: string): string {
  const query = new URLSearchParams({ image: image.path, backbone, v: image.hash.slice(0, 12) });
  return `/media/pixels?${query.toString()}`;
}
