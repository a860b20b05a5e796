import type { Bridge } from '../shared/bridge.js';

declare global {
  interface Window {
    /** Given by the desktop app's preload; absent in a browser. */
    readonly graft?: Bridge<File>;
  }
}
