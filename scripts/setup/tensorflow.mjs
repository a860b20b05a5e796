import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CUDA_WHEELS, listCards, whatStopsCuda } from './cuda.mjs';
import { recallFailure, rememberFailure } from './failures.mjs';
import { adoptBuild, BUILDS, isBuilt, makeBuild } from './native-build.mjs';
import { installByPackage, installedKind } from './package-download.mjs';
import { ADDON, DEPS, ROOT, SYSTEM, TFJS_PACKAGE, wantsCard } from './places.mjs';
import { lastLine, run } from './run.mjs';
import { gigabytes, say } from './say.mjs';

/** Says that the addon in the package has passed its smoke test. */
const MARKER = join(TFJS_PACKAGE, '.graft-tensorflow.json');
/** A GPU may compile its kernels at first use, which takes minutes. */
const SMOKE_TIMEOUT_MS = 300_000;
/** What a failure to set up the card is remembered with. */
const CUDA_VERSION = CUDA_WHEELS.map(({ package: name, version }) => `${name} ${version}`).join(', ');

/** @typedef {{ version: string, device: 'cpu' | 'gpu' }} Smoke */
/**
 * @template T
 * @typedef {readonly (readonly [name: string, climb: () => Promise<T>])[]} Ladder
 */

/**
 * Runs a convolution and its gradient in a process of its own.
 *
 * @returns {Promise<Smoke>}
 */
async function smokeTest() {
  const script = join(ROOT, 'scripts', 'setup', 'smoke.mjs');
  const { code, output } = await run([process.execPath, script], { timeoutMs: SMOKE_TIMEOUT_MS });
  if (code !== 0) throw new Error(code === 124 ? 'the smoke test ran out of time' : lastLine(output));
  return JSON.parse(lastLine(output));
}

/** The smoke test, passed on the graphics card. */
async function smokeTestOnCard() {
  const smoke = await smokeTest();
  if (smoke.device !== 'gpu') throw new Error('TensorFlow loads, but finds no card that it can use');
  return smoke;
}

/** @param {string} file */
const stampOf = async (file) => {
  const facts = await stat(file).catch(() => null);
  return facts === null ? null : `${facts.size}/${facts.mtimeMs}`;
};

/** What passed before and has not changed since, or null. */
async function readMarker() {
  try {
    /** @type {Smoke & { addon: string }} */
    const marker = JSON.parse(await readFile(MARKER, 'utf8'));
    return marker.addon === (await stampOf(ADDON)) && (await stat(DEPS)) ? marker : null;
  } catch {
    return null;
  }
}

/** @param {() => Promise<Smoke>} test */
async function useInstalled(test) {
  if ((await stampOf(ADDON)) === null) throw new Error('not installed');
  return await test();
}

/**
 * What an earlier set-up has built: npm may have replaced the package since.
 *
 * @param {import('./native-build.mjs').Build} build
 * @param {() => Promise<Smoke>} test
 */
async function useBuilt(build, test) {
  if (!isBuilt(build)) throw new Error('nothing yet');
  return await adoptBuild(build, test);
}

/**
 * @param {'cpu' | 'gpu'} kind
 * @param {() => Promise<Smoke>} test
 */
async function usePackageDownload(kind, test) {
  await installByPackage(kind);
  return await test();
}

/** The package's download for a card; it looks for CUDA 11.2 and cuDNN 8.1 on the machine. */
async function usePackageDownloadOnCard() {
  if ((await installedKind()) === 'gpu') throw new Error('it is installed; install CUDA 11.2 and cuDNN 8.1 for it');
  return await usePackageDownload('gpu', smokeTestOnCard);
}

/** TensorFlow's Python wheel, and the addon built against it. */
async function useWheel() {
  if (SYSTEM !== 'linux-x64') throw new Error(`not known to work on ${SYSTEM}`);
  await makeBuild(BUILDS.cpu);
  return await useBuilt(BUILDS.cpu, smokeTest);
}

/** The same with CUDA. */
async function useCudaWheels() {
  const obstacle = whatStopsCuda(await listCards());
  if (obstacle !== null) throw new Error(obstacle);
  if (!isBuilt(BUILDS.gpu)) {
    const bytes = CUDA_WHEELS.reduce((sum, wheel) => sum + wheel.bytes, 0);
    say(`TensorFlow for the graphics card: ${CUDA_WHEELS.length} packages, ${gigabytes(bytes)} in all, once.`);
    say('  To train on the processor instead, end this and start it with CUDA_VISIBLE_DEVICES=-1.');
    await makeBuild(BUILDS.gpu);
  }
  return await useBuilt(BUILDS.gpu, smokeTestOnCard);
}

/**
 * Tries rung after rung until one passes.
 *
 * @template T
 * @param {Ladder<T>} rungs
 * @returns {Promise<{ name: string, result: T }>}
 */
export async function climb(rungs) {
  /** @type {string[]} */
  const reasons = [];
  for (const [name, attempt] of rungs) {
    try {
      return { name, result: await attempt() };
    } catch (error) {
      reasons.push(`  ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(reasons.join('\n'));
}

/** @type {Ladder<Smoke>} */
const CARD_LADDER = [
  ['what is installed', () => useInstalled(smokeTestOnCard)],
  SYSTEM === 'linux-x64'
    ? ["TensorFlow's Python wheel with CUDA", useCudaWheels]
    : ["the package's own download", usePackageDownloadOnCard],
];

/** @type {Ladder<Smoke>} */
const LADDER = [
  ['what is installed', () => useInstalled(smokeTest)],
  ['what an earlier set-up has built', () => useBuilt(BUILDS.cpu, smokeTest)],
  ["the package's own download", () => usePackageDownload('cpu', smokeTest)],
  ["TensorFlow's Python wheel", useWheel],
];

/**
 * TensorFlow on the graphics card; null where there is none to use, which it says.
 *
 * @param {boolean} isAsked tries again what failed a while ago
 */
async function setUpCard(isAsked) {
  if (!wantsCard()) return null;
  const failure = isAsked ? null : await recallFailure('card-set-up', CUDA_VERSION);
  if (failure === null) {
    try {
      return await climb(CARD_LADDER);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      await rememberFailure('card-set-up', CUDA_VERSION, why);
      say(`TensorFlow: there is an NVIDIA card, but it cannot be used:\n${why}`);
    }
  } else {
    say(`TensorFlow: there is an NVIDIA card, but it could not be used a while ago:\n${failure}`);
  }
  say('TensorFlow: training on the processor. The card is tried again after a day, or by `npm run setup`.');
  return null;
}

/** @param {Smoke} smoke */
const remember = async (smoke) => writeFile(MARKER, JSON.stringify({ ...smoke, addon: await stampOf(ADDON) }));

/**
 * Sets TensorFlow up by a ladder; every rung is checked by a convolution and its gradient.
 *
 * @param {{ isAsked?: boolean }} [options] `isAsked`: somebody asks for it, and does not just start the app
 */
export async function setUpTensorFlow({ isAsked = false } = {}) {
  const marker = await readMarker();
  if (marker?.device !== 'gpu') {
    const card = await setUpCard(isAsked);
    if (card !== null) {
      await remember(card.result);
      say(`TensorFlow: ${card.result.version} on gpu (${card.name})`);
      return;
    }
  }
  if (marker !== null) {
    say(`TensorFlow: ${marker.version} on ${marker.device}`);
    return;
  }
  const { name, result } = await climb(LADDER).catch((/** @type {Error} */ error) => {
    throw new Error(
      [
        'TensorFlow could not be set up. What was tried:',
        error.message,
        'With a connection to the Python package index, Python with pip and a C++ compiler ("apt install python3-pip g++" on Debian and Ubuntu), run this again: it goes on where it stopped.',
      ].join('\n'),
    );
  });
  await remember(result);
  say(`TensorFlow: ${result.version} on ${result.device} (${name})`);
}
