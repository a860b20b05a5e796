import { GraftError } from '../../shared/errors.js';

/** What some file system forbids in names; what a name may hold elsewhere is replaced, so that the data set can be copied. */
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u001f\u007f<>:"|?*\\/]/g;
/** Windows' devices, which it sees in front of any ending, too. */
const RESERVED = /^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$) *(\..*)?$/i;
export const MAX_NAME_BYTES = 255;
const MAX_DEPTH = 32;
/** What follows a name's last dot is taken for a format up to this length. */
const MAX_EXTENSION_BYTES = 16;

/** Windows drops dots and spaces at the end. */
const withoutEnd = (name: string): string => name.replace(/[. ]+$/, '');
const clean = (name: string): string => withoutEnd(name.normalize('NFC').replace(FORBIDDEN, '_'));
const unreserve = (name: string): string => (RESERVED.test(name) ? `_${name}` : name);

/**
 * A name that every file system takes, as near to the given one as it goes.
 *
 * @throws GraftError `invalid-value` when nothing is left of it, or it is too long
 */
export function safeName(name: string): string {
  const cleaned = clean(name);
  if (cleaned.trim() === '') {
    throw new GraftError('invalid-value', `expected a name for a file or folder, received ${JSON.stringify(name)}`);
  }
  if (Buffer.byteLength(cleaned) > MAX_NAME_BYTES) {
    throw new GraftError(
      'invalid-value',
      `expected a name of at most ${MAX_NAME_BYTES} bytes, received one of ${Buffer.byteLength(cleaned)}: ${cleaned.slice(0, 60)}…`,
    );
  }
  return unreserve(cleaned);
}

/** Cut to a number of bytes, between two characters. */
function cutTo(text: string, maxBytes: number): string {
  let bytes = 0;
  let cut = '';
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    cut += character;
  }
  return cut;
}

/** A name with `suffix` before its ending, cut to what a file system takes. */
function fitted(name: string, suffix: string): string {
  const dot = name.lastIndexOf('.');
  const isFormat = dot > 0 && Buffer.byteLength(name.slice(dot)) <= MAX_EXTENSION_BYTES;
  const [stem, extension] = isFormat ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  const room = MAX_NAME_BYTES - Buffer.byteLength(suffix + extension);
  return withoutEnd(cutTo(stem, room) + suffix + extension) || '_';
}

/** {@link safeName} for files that must not be lost for their names: what is too long is cut, and there is always one. */
export function nearestName(name: string): string {
  const cleaned = clean(name);
  return fitted(unreserve(cleaned.trim() === '' ? '_' : cleaned), '');
}

/** The same for names that some file system takes for one: macOS and Windows don't tell case, macOS not how letters are composed. */
export const foldName = (name: string): string => name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');

/**
 * The parts of a relative path with `/`.
 *
 * @throws GraftError `unsafe-file` for a path that leaves its folder, is absolute, too deep, or has an empty part
 */
export function pathParts(path: string): string[] {
  const parts = path.split('/');
  const isUnsafe = parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'));
  if (isUnsafe || /^[a-z]:/i.test(path) || parts.some((part) => /(^|\\)\.\.(\\|$)/.test(part))) {
    throw new GraftError('unsafe-file', `expected a path inside the upload, received ${JSON.stringify(path)}`);
  }
  if (parts.length > MAX_DEPTH) {
    throw new GraftError(
      'unsafe-file',
      `expected at most ${MAX_DEPTH} folders in one another, received ${parts.length}`,
    );
  }
  return parts;
}

/** A folder's names as they were given, and as they are written. */
interface Level {
  readonly folders: Map<string, { readonly name: string; readonly level: Level }>;
  readonly files: Map<string, string>;
  /** What is written, by {@link foldName}. */
  readonly taken: Set<string>;
  /** The number that the next of one name gets, by {@link foldName}. */
  readonly numbers: Map<string, number>;
}

const createLevel = (): Level => ({ folders: new Map(), files: new Map(), taken: new Set(), numbers: new Map() });

/** Takes a safe name, or one with a number where it is taken, whatever the file system tells apart. */
function takeName({ taken, numbers }: Level, given: string): string {
  const name = nearestName(given);
  const key = foldName(name);
  for (let number = numbers.get(key) ?? 1; ; number++) {
    const candidate = number === 1 ? name : fitted(name, ` (${number})`);
    if (taken.has(foldName(candidate))) continue;
    numbers.set(key, number + 1);
    taken.add(foldName(candidate));
    return candidate;
  }
}

/**
 * Finds places for files whose names come from another machine, so that none takes another's on any file system: names are
 * safe by {@link nearestName}, and what would be one of two gets a number. The rule is the same everywhere, so that a data
 * set has the same paths on every machine.
 */
export interface NamePlaces {
  /** Parts of where a folder goes: the same whenever it is asked for. */
  folder(parts: readonly string[]): string[];
  /**
   * Parts of where a file goes.
   *
   * @param again what a second one of the very same path gets: the first one's place, to be written over, or one of its own
   */
  file(parts: readonly string[], again: 'same' | 'another'): string[];
}

/** Opens {@link NamePlaces} for a folder that is empty. */
export function createNamePlaces(): NamePlaces {
  const root = createLevel();
  const enter = (parts: readonly string[]): { names: string[]; level: Level } => {
    let level = root;
    const names = parts.map((part) => {
      const entry = level.folders.get(part) ?? { name: takeName(level, part), level: createLevel() };
      level.folders.set(part, entry);
      ({ level } = entry);
      return entry.name;
    });
    return { names, level };
  };
  return {
    folder: (parts) => enter(parts).names,
    file(parts, again) {
      const { names, level } = enter(parts.slice(0, -1));
      const last = parts.at(-1) ?? '';
      const known = again === 'same' ? level.files.get(last) : undefined;
      const name = known ?? takeName(level, last);
      level.files.set(last, name);
      return [...names, name];
    },
  };
}
