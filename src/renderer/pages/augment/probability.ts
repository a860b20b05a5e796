/** How often a step is applied, as a setting like its others. */
export const PROBABILITY = {
  kind: 'number',
  label: 'Probability',
  unit: '×',
  min: 0,
  max: 1,
  step: 0.01,
  default: 1,
} as const;
