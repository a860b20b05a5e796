import type { ClassSummary, DatasetSummary } from '../../../shared/studio.js';
import { formatCount, formatPlural } from '../../format.js';

/** Fewer training pictures than this make a class hard to learn. */
const FEW_PICTURES = 20;
/** The largest class may be this many times the smallest before it is worth a word. */
const LARGE_RATIO = 3;
/** With fewer validation pictures, one of them moves the accuracy visibly. */
const FEW_TO_VALIDATE = 50;

const quote = (name: string): string => `“${name}”`;

/** The first names of a list and how many more there are. */
function listNames(classes: readonly ClassSummary[]): string {
  const shown = classes.slice(0, 3).map(({ name }) => quote(name));
  return classes.length > 3 ? `${shown.join(', ')} and ${formatCount(classes.length - 3)} more` : shown.join(' and ');
}

/** What to know about the classes of a data set before training on it, in plain words; the gravest first. */
export function classHints(summary: Pick<DatasetSummary, 'classes' | 'splits' | 'state' | 'hasOwnSplit'>): string[] {
  const { classes, splits, state } = summary;
  // While pictures are still being looked at, counts mean little.
  if (state !== 'ready' || classes.length === 0) return [];
  const hints: string[] = [];
  const used = classes.filter(({ train, val, test }) => train + val + test > 0);
  if (used.length < 2) {
    hints.push('A classifier tells classes apart, so it needs pictures of at least two. There is one here.');
  }
  const small = used.filter(({ train }) => train < FEW_PICTURES);
  if (small.length > 0) {
    const least = Math.min(...small.map(({ train }) => train));
    hints.push(`Few training pictures of ${listNames(small)}: ${formatPlural(least, 'picture')} at the least. ${FEW_PICTURES} or more a class work better.`); // prettier-ignore
  }
  const byCount = [...used].sort((a, b) => b.train - a.train);
  const [largest, smallest] = [byCount[0], byCount.at(-1)];
  if (largest && smallest && smallest.train > 0 && largest.train >= LARGE_RATIO * smallest.train) {
    const ratio = Math.round(largest.train / smallest.train);
    hints.push(`${quote(largest.name)} has ${formatCount(ratio)} times as many training pictures as ${quote(smallest.name)}. Class weights on the Train page make up for that.`); // prettier-ignore
  }
  const unvalidated = used.filter(({ val, train }) => val === 0 && train > 0);
  if (unvalidated.length > 0 && splits.val > 0) {
    hints.push(
      `No validation pictures of ${listNames(unvalidated)}, so nobody will know how well they are told apart.`,
    );
  }
  if (splits.val === 0 && !summary.hasOwnSplit && used.length > 0) {
    hints.push('No picture is left to validate with, and training needs some: give every class two pictures or more.');
  }
  if (splits.val > 0 && splits.val < FEW_TO_VALIDATE) {
    const points = Math.max(1, Math.round(100 / splits.val));
    hints.push(`With ${formatPlural(splits.val, 'validation picture')}, a single mistake moves the accuracy by ${formatPlural(points, 'point')}.`); // prettier-ignore
  }
  return hints;
}
