import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { GraftError } from '../../../shared/errors.js';
import { benchFile, runProgram } from './python.js';

/** Pictures that every peer reads. */
const EXTENSIONS = new Set(['.jpg', '.jpeg', '.png', '.webp', '.bmp']);
/** Where a folder has no validation set, one picture in so many becomes part of one. */
const VALIDATION_EVERY = 3;

/** How many pictures of each class train and validate, at most. */
export interface ClassCounts {
  readonly train: number;
  readonly val: number;
}

/** A data set in ImageFolder's layout, the same files for everybody. */
export interface BenchPictures {
  readonly folder: string;
  readonly classes: readonly string[];
  readonly images: { readonly train: number; readonly val: number };
}

const listFolders = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();

const listPictures = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isFile() && EXTENSIONS.has(extname(entry.name).toLowerCase()))
    .map(({ name }) => join(folder, name))
    .sort();

/** The pictures of a class, by split: as the folder has it, else every third validates. */
async function splitClass(data: string, className: string, hasSplits: boolean) {
  if (hasSplits) {
    const [train, val] = [join(data, 'train', className), join(data, 'val', className)];
    return { train: await listPictures(train), val: await listPictures(val) };
  }
  const all = await listPictures(join(data, className));
  const isVal = (index: number): boolean => index % VALIDATION_EVERY === VALIDATION_EVERY - 1;
  return { train: all.filter((_, index) => !isVal(index)), val: all.filter((_, index) => isVal(index)) };
}

/**
 * Copies some pictures of the user's into a fresh folder, as `train|val/class/…`.
 *
 * @param data `class/…` or `train|val/class/…`
 * @throws GraftError `dataset-unusable`
 */
export async function copyPictures(data: string, target: string, most: ClassCounts): Promise<BenchPictures> {
  const top = await listFolders(data);
  const hasSplits = top.includes('train') && top.includes('val');
  const classes = hasSplits ? await listFolders(join(data, 'train')) : top;
  const images = { train: 0, val: 0 };
  for (const className of classes) {
    const found = await splitClass(data, className, hasSplits);
    for (const split of ['train', 'val'] as const) {
      const folder = join(target, split, className);
      await mkdir(folder, { recursive: true });
      const chosen = found[split].slice(0, most[split]);
      for (const [index, file] of chosen.entries()) {
        await copyFile(file, join(folder, `${index}${extname(file).toLowerCase()}`));
      }
      if (chosen.length === 0) {
        throw new GraftError(
          'dataset-unusable',
          `--data: expected pictures in ${data} for ${split} of every class, found none of "${className}"`,
        );
      }
      images[split] += chosen.length;
    }
  }
  if (classes.length < 2) {
    throw new GraftError(
      'dataset-unusable',
      `--data: expected class/… or train|val/class/… with at least two classes in ${data}, found ${classes.length}`,
    );
  }
  return { folder: target, classes, images };
}

export interface MadePictures extends ClassCounts {
  readonly classes: number;
  readonly width: number;
  readonly height: number;
}

/** Makes pictures that are told apart easily, the same ones every time. */
export async function makePictures(
  target: string,
  { classes, train, val, width, height }: MadePictures,
  { root, signal }: { readonly root: string; readonly signal: AbortSignal },
): Promise<BenchPictures> {
  const numbers = [classes, train, val, width, height].map(String);
  await runProgram(process.execPath, [benchFile(root, 'make-images.mjs'), target, ...numbers], {
    cwd: root,
    signal,
    env: { ELECTRON_RUN_AS_NODE: '1' },
    onLine: () => undefined,
  });
  return {
    folder: target,
    classes: Array.from({ length: classes }, (_, index) => `class-${index + 1}`),
    images: { train: classes * train, val: classes * val },
  };
}
