// Sets up everything that Graft needs: packages, TensorFlow, the build, the default backbone. Run it as often as you like:
// what is there is kept, what was interrupted goes on.
import { pathToFileURL } from 'node:url';
import { setUpBackbone } from './setup/backbone.mjs';
import { setUpBuild } from './setup/build.mjs';
import { setUpElectron } from './setup/electron.mjs';
import { setUpNodeModules } from './setup/node-modules.mjs';
import { say } from './setup/say.mjs';
import { setUpTensorFlow } from './setup/tensorflow.mjs';

/**
 * Whether a Node version will do: 20.19, 22.12, or any from 24 on.
 *
 * @param {string} version
 */
export function isSupportedNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24;
}

/**
 * Everything, in order. Throws with a message for the user.
 *
 * @param {{ isAsked?: boolean }} [options] `isAsked`: somebody asks for it, and does not just start the app
 */
export async function setUp(options) {
  if (!isSupportedNode(process.versions.node)) {
    throw new Error(`expected Node.js 20.19, 22.12, or 24 and newer, this is ${process.versions.node}: see nodejs.org`);
  }
  await setUpNodeModules();
  await setUpTensorFlow(options);
  await setUpBuild();
  await setUpBackbone();
}

/**
 * Runs a script's main and turns what it throws into a message and an exit code.
 *
 * @param {() => Promise<number>} main
 */
export async function runScript(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    say(`\nset-up failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runScript(async () => {
    await setUp({ isAsked: true });
    const electron = await setUpElectron();
    say(
      'program' in electron
        ? 'electron: installed'
        : `electron: the app will run in your browser, since ${electron.why}`,
    );
    return 0;
  });
}
