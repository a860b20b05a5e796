/** `base`, or `base 2`, `base 3` and so on where runs have that name already. */
export function freshName(base: string, taken: readonly string[]): string {
  if (!taken.includes(base)) return base;
  for (let number = 2; ; number++) {
    const name = `${base} ${number}`;
    if (!taken.includes(name)) return name;
  }
}
