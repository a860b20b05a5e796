import type { DatasetProblem } from '../../../shared/reports.js';
import type { DatasetImage } from './types.js';

/** Shorter than this, in pixels, a picture says little. */
const SMALL_SIDE = 16;
/** Longer than this many times its width or height, most of a picture is lost in framing. */
const EXTREME_ASPECT = 8;

const warn = (path: string, code: string, message: string): DatasetProblem => ({
  path,
  code,
  severity: 'warning',
  message,
});

function checkShapes(images: readonly DatasetImage[]): DatasetProblem[] {
  return images.flatMap(({ path, width, height }) => {
    const size = `${width} × ${height} pixels`;
    if (Math.min(width, height) < SMALL_SIDE) return [warn(path, 'too-small', `only ${size}`)];
    if (Math.max(width, height) > EXTREME_ASPECT * Math.min(width, height)) {
      return [warn(path, 'extreme-aspect', `${size}: framing will cut most of it away`)];
    }
    return [];
  });
}

/** Byte-identical copies: a leak where they cross splits, a contradiction where they cross classes, else only twice. */
function checkCopies(images: readonly DatasetImage[], classes: readonly string[]): DatasetProblem[] {
  const firsts = new Map<string, DatasetImage>();
  const problems: DatasetProblem[] = [];
  for (const image of images) {
    const first = firsts.get(image.id);
    if (first === undefined) {
      firsts.set(image.id, image);
      continue;
    }
    const same = `the same bytes as ${first.path}`;
    if (first.classIndex !== image.classIndex) {
      const names = `"${classes[first.classIndex]}" and "${classes[image.classIndex]}"`;
      problems.push(warn(image.path, 'duplicate-label-conflict', `${same}, so the picture is in both ${names}`));
    } else if (first.split !== image.split) {
      const splits = `${first.split} and ${image.split}`;
      problems.push(
        warn(image.path, 'duplicate-across-splits', `${same}: it is in ${splits}, so accuracy will look too good`),
      );
    } else problems.push(warn(image.path, 'duplicate', same));
  }
  return problems;
}

function checkClasses(images: readonly DatasetImage[], classes: readonly string[]): DatasetProblem[] {
  const counts = new Uint32Array(classes.length);
  for (const { classIndex } of images) counts[classIndex]! += 1;
  return classes.flatMap((name, classIndex) => {
    const count = counts[classIndex]!;
    if (count === 0) return [warn(name, 'empty-class', `no usable picture of "${name}"`)];
    if (count === 1) return [warn(name, 'single-image-class', `only one usable picture of "${name}"`)];
    return [];
  });
}

/** Everything about usable pictures and their classes that the user should know. */
export function checkHealth(images: readonly DatasetImage[], classes: readonly string[]): DatasetProblem[] {
  return [...checkClasses(images, classes), ...checkShapes(images), ...checkCopies(images, classes)];
}
