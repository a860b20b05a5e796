import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dataFolder, ROOT } from './places.mjs';
import { lastLine, run } from './run.mjs';
import { say } from './say.mjs';

/** The backbone that a run uses unless it is told otherwise; `src/shared/recipe.ts` has the same. */
const DEFAULT_BACKBONE = 'efficientnet_lite2';

/** Fetches the default backbone's weights. Without a connection set-up goes on: other weights may be imported. */
export async function setUpBackbone() {
  const file = join(dataFolder(), 'backbones', `${DEFAULT_BACKBONE}.safetensors`);
  if ((await stat(file).catch(() => null)) !== null) {
    say(`backbone: ${DEFAULT_BACKBONE} is stored`);
    return;
  }
  say(`backbone: downloading ${DEFAULT_BACKBONE} (23 MB)`);
  const command = [process.execPath, join(ROOT, 'bin', 'graft.mjs'), 'backbones', 'download', DEFAULT_BACKBONE];
  const { code, output } = await run(command);
  if (code === 0) say(`backbone: ${DEFAULT_BACKBONE} is stored`);
  else {
    say(`backbone: not downloaded (${lastLine(output)})`);
    say(`backbone: later, "npm start -- backbones download ${DEFAULT_BACKBONE}", or import a file you have`);
  }
}
