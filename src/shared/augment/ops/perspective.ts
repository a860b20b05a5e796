import { IDENTITY, type Matrix } from '../matrix.js';
import { defineGeometric, defineOp } from '../op.js';

export type Corners = readonly (readonly [x: number, y: number])[];

/** A planned perspective: where the four corners go, clockwise from the top left. */
export interface Perspective {
  readonly op: 'perspective';
  readonly startpoints: Corners;
  readonly endpoints: Corners;
}

/** torchvision's RandomPerspective. */
export const perspective = defineOp({
  id: 'perspective',
  label: 'Perspective',
  description: 'Tilts the picture as if it were seen from another place.',
  kind: 'geometric',
  defaultP: 0.5,
  params: {
    distortion_scale: { kind: 'number', label: 'Strength', unit: '×', min: 0, max: 1, step: 0.05, default: 0.5 },
  },
  sample({ distortion_scale: strength }, rng, { width, height }): Perspective[] {
    const reachX = Math.floor(strength * Math.floor(width / 2));
    const reachY = Math.floor(strength * Math.floor(height / 2));
    const near = (reach: number): number => rng.integer(reach + 1);
    const far = (length: number, reach: number): number => length - reach - 1 + rng.integer(reach + 1);
    return [
      {
        op: 'perspective',
        startpoints: [
          [0, 0],
          [width - 1, 0],
          [width - 1, height - 1],
          [0, height - 1],
        ],
        endpoints: [
          [near(reachX), near(reachY)],
          [far(width, reachX), near(reachY)],
          [far(width, reachX), far(height, reachY)],
          [near(reachX), far(height, reachY)],
        ],
      },
    ];
  },
});

/** Solves `rows · x = values` by elimination with pivoting, or null where there is no one solution; rows are changed. */
function solve(rows: number[][], values: number[]): number[] | null {
  const n = values.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    [values[column], values[pivot]] = [values[pivot]!, values[column]!];
    const head = rows[column]!;
    if (Math.abs(head[column]!) < 1e-9) return null;
    for (let row = 0; row < n; row++) {
      if (row === column) continue;
      const factor = rows[row]![column]! / head[column]!;
      for (let k = column; k < n; k++) rows[row]![k] = rows[row]![k]! - factor * head[k]!;
      values[row] = values[row]! - factor * values[column]!;
    }
  }
  return values.map((value, i) => value / rows[i]![i]!);
}

/**
 * The matrix that maps endpoints back to startpoints: torchvision's `_get_perspective_coeffs`, float32 as there. Where the
 * strongest setting has put three corners on a line, nothing maps them back, and the picture stays as it is.
 */
function coefficients({ startpoints, endpoints }: Perspective): Matrix {
  const rows: number[][] = [];
  const values: number[] = [];
  endpoints.forEach(([ex, ey], i) => {
    const [sx, sy] = startpoints[i]!;
    rows.push([ex, ey, 1, 0, 0, 0, -sx * ex, -sx * ey], [0, 0, 0, ex, ey, 1, -sy * ex, -sy * ey]);
    values.push(sx, sy);
  });
  const solution = solve(rows, values);
  if (solution === null) return IDENTITY;
  return [...solution.map(Math.fround), 1] as unknown as Matrix;
}

export const perspectivePrimitive = defineGeometric<Perspective>('perspective', coefficients);
