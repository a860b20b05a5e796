import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { classPhoto } from './class-folder.js';
import { putFile } from './images.js';
import { sharedPath } from './shared-data.js';

export const STORY_CLASSES = ['ants', 'bees'] as const;
export const STORY_COUNTS = { train: 24, val: 12 } as const;

/**
 * A data set in two splits at `folder`: real photos where the shared ones are, else drawn ones. Each class has
 * {@link STORY_COUNTS} pictures, and there is one file that is no picture.
 */
export async function writeStoryData(folder: string): Promise<void> {
  const photos = sharedPath('data', 'hymenoptera');
  for (const split of ['train', 'val'] as const) {
    for (const [index, name] of STORY_CLASSES.entries()) {
      const target = join(folder, split, name);
      mkdirSync(target, { recursive: true });
      if (photos === null) {
        for (let image = 0; image < STORY_COUNTS[split]; image++) {
          putFile(join(target, `${image}.png`), await classPhoto(index, image + (split === 'val' ? 1000 : 0)));
        }
        continue;
      }
      const files = readdirSync(join(photos, split, name)).filter((file) => /\.jpe?g$/i.test(file));
      for (const file of files.slice(0, STORY_COUNTS[split])) {
        copyFileSync(join(photos, split, name, file), join(target, file));
      }
    }
  }
  putFile(join(folder, 'train', 'ants', 'notes.txt'), 'not a picture');
}
