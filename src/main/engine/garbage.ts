import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | null = null;

/**
 * Frees what JavaScript no longer reaches, in some tens of milliseconds. V8 collects by its own heap and lets hundreds of
 * megabytes of weights wait that lie outside of it: memory that a training step then takes on top.
 */
export function collectGarbage(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    const found: unknown = runInNewContext('gc');
    // A runtime without it collects when it likes.
    collect = typeof found === 'function' ? (found as () => void) : () => undefined;
  }
  collect();
}
