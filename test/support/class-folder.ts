import { join } from 'node:path';
import { putFile, makePhoto, toSharp } from './images.js';

/** A colour that tells a class from the others at a glance. */
const TINTS = [
  [110, -40, -40],
  [-40, -40, 110],
  [-40, 110, -40],
] as const;

/** A JPEG whose tint is its class's; `seed` varies the rest. */
export async function classPhoto(classIndex: number, seed: number): Promise<Uint8Array> {
  const photo = makePhoto(60, 48, seed);
  const tint = TINTS[classIndex]!;
  const data = photo.data.map((value, i) => Math.max(0, Math.min(255, value * 0.6 + 50 + tint[i % 3]!)));
  return await toSharp({ ...photo, data })
    .jpeg({ quality: 92 })
    .toBuffer();
}

/** Writes `train|val/class/…` with easily told classes, the same pictures every time. */
export async function writeClassFolder(
  folder: string,
  classes: readonly string[],
  counts: { readonly train: number; readonly val: number },
): Promise<void> {
  for (const [split, count] of Object.entries(counts)) {
    for (const [classIndex, name] of classes.entries()) {
      for (let i = 0; i < count; i++) {
        const seed = (split === 'train' ? 0 : 1000) + classIndex * 100 + i;
        putFile(join(folder, split, name, `${name}-${i}.jpg`), await classPhoto(classIndex, seed));
      }
    }
  }
}
