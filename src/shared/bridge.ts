/** How a page and the desktop app's main process find each other. Types only: the preload script bundles nothing. */

/** What the app's menu asks of the page. */
export type MenuCommand =
  /** Of the focused text field, where there is one, else of the page's own history. */
  | 'undo'
  | 'redo'
  | 'train.start'
  | 'train.pause'
  | 'train.stop'
  /** The app's theme has changed by the menu, so a choice that the page keeps for itself is out of date. */
  | 'theme.system'
  | 'theme.light'
  | 'theme.dark';

/**
 * Data of the window's `message` event that brings the port asked for by {@link Bridge.connect}, as `event.ports[0]`.
 * Its `source` is the window itself.
 */
export type PortMessage = 'graft:port';

/** `window.graft` in the desktop app; a page in a browser has none. `F` is the page's `File`. */
export interface Bridge<F = unknown> {
  /** Node's name of the operating system. */
  readonly platform: string;
  /** Asks for a connection to the app; its port comes by a {@link PortMessage}. */
  connect(): void;
  /**
   * Where dropped or picked files and folders lie; the page may name them from then on. Files that don't come from the
   * disk are left out.
   */
  pathsForFiles(files: readonly F[]): Promise<string[]>;
  /** @returns stops listening */
  onMenu(listener: (command: MenuCommand) => void): () => void;
}
