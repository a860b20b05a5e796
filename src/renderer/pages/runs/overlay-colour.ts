const COLOURS = ['--series-3', '--series-4', '--series-5', '--series-6'] as const;

/** Custom property with the colour of the run that is compared as the `index`-th; its row and its curve share it. */
export const overlayColour = (index: number): string => COLOURS[index % COLOURS.length]!;
