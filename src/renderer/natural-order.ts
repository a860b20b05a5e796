const collator = new Intl.Collator('en', { numeric: true });

/** Orders names as people do: `2` before `10`. */
export const compareNames = (a: string, b: string): number => collator.compare(a, b);

/** A copy in the natural order of a name; equal names stay as they were. */
export const sortNaturally = <T>(items: readonly T[], nameOf: (item: T) => string): T[] =>
  [...items].sort((a, b) => compareNames(nameOf(a), nameOf(b)));
