import { GraftError, messageOf } from '../../shared/errors.js';

/**
 * Reads a JSON file that an option names.
 *
 * @param option for the message, for example `--recipe`
 * @throws GraftError `not-found` when it cannot be read, `unreadable-file` when it is no JSON
 */
export function readJsonOption(option: string, path: string, readText: (path: string) => string): unknown {
  let text: string;
  try {
    text = readText(path);
  } catch (cause) {
    throw new GraftError('not-found', `${option}: expected a JSON file at ${path}: ${messageOf(cause)}`, { cause });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new GraftError('unreadable-file', `${option}: expected JSON in ${path}: ${messageOf(cause)}`, { cause });
  }
}
