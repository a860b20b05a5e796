import { type ProgressBar, type TextStream, createProgressBar } from './progress-bar.js';
import { type Column, renderTable } from './table.js';

/** What a command says: results on stdout, everything else on stderr. */
export interface Output {
  /** A line of the result, for people. */
  line(text?: string): void;
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void;
  /** A line of the result, for programs: text as it is. */
  raw(text: string): void;
  /** One JSON object on a line of its own. */
  json(value: object): void;
  /** A line beside the result. */
  note(text: string): void;
  readonly progress: ProgressBar;
}

// File and class names come from anywhere; escape codes in them must not reach the terminal.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

function printable(text: string): string {
  return text.replaceAll(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** @param nowMs a monotonic clock, for the progress bar */
export function createOutput(stdout: TextStream, stderr: TextStream, nowMs: () => number): Output {
  const progress = createProgressBar(stderr, nowMs);
  const write = (stream: TextStream, text: string): void => {
    progress.clear();
    stream.write(`${text}\n`);
  };
  const line = (text = ''): void => write(stdout, printable(text));
  return {
    line,
    table(columns, rows) {
      for (const text of renderTable(columns, rows)) line(text);
    },
    raw: (text) => write(stdout, text),
    json: (value) => write(stdout, JSON.stringify(value)),
    note: (text) => write(stderr, printable(text)),
    progress,
  };
}
