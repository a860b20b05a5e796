/** What set-up tells the person who waits for it. */

const isTerminal = process.stdout.isTTY === true;
/** Off a terminal, progress is a line now and then. */
const LINE_INTERVAL_MS = 10_000;
const REDRAW_INTERVAL_MS = 200;
/** Before that much has come, the time left is a guess. */
const ESTIMATE_FROM = 0.01;

/** @param {string} text */
export function say(text) {
  process.stdout.write(`${text}\n`);
}

/** @param {number} bytes */
export const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(1)} GB`;

/** @param {number} bytes */
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/**
 * Shows how far a download has come, with the time left where the end is known.
 *
 * @param {string} label
 * @param {number | null} totalBytes
 */
export function startProgress(label, totalBytes) {
  const started = Date.now();
  let shown = isTerminal ? 0 : started;
  return {
    /** @param {number} doneBytes */
    update(doneBytes) {
      const now = Date.now();
      if (now - shown < (isTerminal ? REDRAW_INTERVAL_MS : LINE_INTERVAL_MS)) return;
      shown = now;
      const seconds = (now - started) / 1000;
      const total = totalBytes === null ? '' : ` of ${megabytes(totalBytes)}`;
      const left =
        totalBytes === null || doneBytes < totalBytes * ESTIMATE_FROM
          ? ''
          : `, ${Math.ceil(((totalBytes - doneBytes) * seconds) / doneBytes)} s left`;
      const line = `  ${label}: ${megabytes(doneBytes)}${total}${left}`;
      process.stdout.write(isTerminal ? `\r${line.padEnd(70)}` : `${line}\n`);
    },
    end() {
      if (isTerminal && shown > 0) process.stdout.write(`\r${' '.repeat(70)}\r`);
    },
  };
}
