import { type ErrorCode, GraftError, type WireError, messageOf } from '../../shared/errors.js';

/** An error in the words of the page. */
export interface Explanation {
  /** One short sentence: what happened. */
  readonly title: string;
  /** The facts: what was expected, what came, which file. */
  readonly detail: string;
  /** What to do next, or null where the detail says it. */
  readonly remedy: string | null;
}

const TITLES: Readonly<Record<ErrorCode, readonly [title: string, remedy: string | null]>> = {
  usage: ['That could not be understood', null],
  'invalid-value': ['A setting is not valid', null],
  'not-found': ['Something is missing', null],
  'already-exists': ['That exists already', null],
  'unreadable-file': ['A file could not be read', 'Look whether it opens in another program.'],
  'unsafe-file': ['A file was refused', 'It could harm this computer. Get it again from a source you trust.'],
  'dataset-unusable': ["This data set can't be used", null],
  'unknown-backbone': ['Graft does not know this backbone', null],
  'weights-missing': ["The backbone's weights are not on this computer", 'Download them on the Train page.'],
  'weights-mismatch': ["The weights don't fit the backbone", null],
  'weights-unreadable': ['The weights could not be read', 'Download them again.'],
  'download-failed': ['The download did not work', 'Check the connection and try again; it goes on where it stopped.'],
  'checksum-mismatch': ['A file is not what it should be', 'Download it again.'],
  'tensorflow-missing': ['TensorFlow is not set up', 'Close Graft and run npm run setup.'],
  'tensorflow-failed': ['TensorFlow reported an error', null],
  'engine-crashed': ['The engine stopped', 'It starts again by itself. A smaller batch size needs less memory.'],
  'engine-busy': ['A run is in progress', 'Wait for it or stop it first.'],
  'out-of-memory': ['The memory ran out', 'Choose a smaller batch size or backbone, or close other programs.'],
  'disk-full': ['The disk is full', 'Make room and try again.'],
  diverged: ['The training went out of control', 'Choose a lower learning rate.'],
  'self-test-failed': ["The exported file doesn't match the model", 'Please report this; the file was not kept.'],
  'unknown-method': ['This part of Graft is of another version', 'Reload the page.'],
  unsupported: ["That doesn't work here", null],
  'not-granted': ['Graft may not look there', 'Pick the folder in the dialog, or start Graft with --root for it.'],
  disconnected: ['The connection to Graft was lost', 'It is opened again as soon as Graft answers.'],
  conflict: ['It was changed in another window', 'The newest state is shown now; make the change again.'],
  cancelled: ['Cancelled', null],
  internal: ['Something went wrong inside Graft', 'Try again. If it happens again, please report it.'],
};

/** The one table from an error's code to words and remedy. */
export function explainError(error: unknown): Explanation {
  const code: ErrorCode = error instanceof GraftError ? error.code : 'internal';
  const [title, remedy] = TITLES[code];
  return { title, detail: messageOf(error), remedy };
}

/** As {@link explainError}, for errors that came inside a report. */
export function explainWire(error: WireError): Explanation {
  return explainError(new GraftError(error.code, error.message, error.details ? { details: error.details } : {}));
}

/** Whether the user asked for the end of it: then there is nothing to report. */
export const isCancelled = (error: unknown): boolean => error instanceof GraftError && error.code === 'cancelled';
