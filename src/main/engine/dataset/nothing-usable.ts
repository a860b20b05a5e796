import { GraftError } from '../../../shared/errors.js';
import type { DatasetProblem } from '../../../shared/reports.js';
import { supportedFormats } from './decode.js';

/** What files of a code are, after their number. */
const KINDS: Readonly<Record<string, string>> = {
  'empty-file': 'empty',
  'not-an-image': 'no picture, whatever its name says',
  'unsupported-format': 'in a format that is not read',
  'too-large': 'too large',
  truncated: 'cut short',
  unreadable: 'not readable',
  placeholder: "a web site's stand-in for a missing picture",
  symlink: 'a link, which is not followed',
  hidden: 'hidden, as its name begins with a dot',
  'outside-classes': 'outside every class folder',
};

function countKinds(problems: readonly DatasetProblem[]): string {
  const kinds = new Map<string, { count: number; readonly example: string }>();
  for (const { code, path } of problems) {
    const kind = KINDS[code] ?? 'not usable';
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, { count: 1, example: path });
    else known.count++;
  }
  return [...kinds]
    .sort(([, a], [, b]) => b.count - a.count)
    .map(([kind, { count, example }]) => `${count} × ${kind} (${count === 1 ? '' : 'such as '}${example})`)
    .join('; ');
}

const ADVICE: readonly (readonly [code: string, advice: string])[] = [
  ['outside-classes', 'move each picture into the folder of its class'],
  ['symlink', 'copy the pictures here in place of links'],
  ['hidden', 'take the dot off the names'],
];

/**
 * Why a data set has no picture that can be used, for who knows nothing of how it is read.
 *
 * @param path the folder or archive, as given
 * @param classes names of the class folders that there are
 */
export function nothingUsable(
  path: string,
  classes: readonly string[],
  problems: readonly DatasetProblem[],
): GraftError {
  const excluded = problems.filter(({ severity }) => severity === 'excluded');
  const names = `${classes.slice(0, 3).join(', ')}${classes.length > 3 ? ', …' : ''}`;
  const found = excluded.length > 0 ? countKinds(excluded) : `nothing at all in ${names}`;
  const advice = ADVICE.flatMap(([code, words]) => (excluded.some((problem) => problem.code === code) ? [words] : []));
  advice.push(`put pictures that open elsewhere there (${supportedFormats().join(', ')})`);
  return new GraftError(
    'dataset-unusable',
    `${path}: expected one folder of pictures for each class (class/picture.jpg), found no picture that can be used: ${found}. ` +
      `To use it, ${advice.join('; ')}, and scan again`,
  );
}
