import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm, statfs, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compileAddon } from './compile.mjs';
import { CUDA_WHEELS, cudaTarget } from './cuda.mjs';
import { ADDON, DEPS, nativeFolder, SYSTEM } from './places.mjs';
import { megabytes, say } from './say.mjs';
import { CPU_WHEEL, fetchWheel, sha256, tensorflowTarget, unpackWheel } from './wheel.mjs';

/** @typedef {import('./wheel.mjs').Wheel} Wheel */

/**
 * TensorFlow out of Python wheels, with the addon built against it, in the user's data folder.
 *
 * @typedef {object} Build
 * @property {string} name of its folder
 * @property {readonly Wheel[]} wheels TensorFlow's first
 */

/** @type {Readonly<Record<'cpu' | 'gpu', Build>>} */
export const BUILDS = {
  cpu: { name: `tensorflow-${CPU_WHEEL.version}-${SYSTEM}`, wheels: [CPU_WHEEL] },
  gpu: { name: `tensorflow-${CPU_WHEEL.version}-cuda12-${SYSTEM}`, wheels: CUDA_WHEELS },
};

/** @param {Build} build */
const folderOf = ({ name }) => join(nativeFolder(), name);

/** Whether an earlier set-up has made it. @param {Build} build */
export const isBuilt = (build) => existsSync(join(folderOf(build), 'manifest.json'));

/**
 * Room for what is unpacked, and for the largest wheel beside it.
 *
 * @param {readonly Wheel[]} wheels
 */
export const spaceFor = (wheels) =>
  wheels.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0) + Math.max(0, ...wheels.map(({ bytes }) => bytes));

/**
 * @param {string} folder
 * @param {number} bytes
 */
async function checkSpace(folder, bytes) {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes) {
    throw new Error(`expected ${megabytes(bytes)} free in ${folder}, there are ${megabytes(bavail * bsize)}`);
  }
}

/** @param {string} name path in a wheel */
const targetOf = (name) => tensorflowTarget(name) ?? cudaTarget(name);

/**
 * Fetches the wheels, takes the libraries out of them and builds the addon. What was interrupted goes on with the wheel that
 * it was at; the build's folder appears when all is done.
 *
 * @param {Build} build
 */
export async function makeBuild(build) {
  const { wheels } = build;
  const folder = folderOf(build);
  const temporary = `${folder}.tmp`;
  const deps = join(temporary, 'deps');
  const downloads = join(nativeFolder(), 'downloads');
  await mkdir(deps, { recursive: true });
  /** Says that a wheel is unpacked. @param {Wheel} wheel */
  const markOf = (wheel) => join(temporary, `${wheel.package}.${wheel.sha256.slice(0, 16)}`);
  const missing = wheels.filter((wheel) => !existsSync(markOf(wheel)));
  await checkSpace(temporary, spaceFor(missing));
  for (const wheel of missing) {
    const place = join(downloads, wheel.package);
    const file = await fetchWheel(place, { wheel });
    say(
      `TensorFlow: unpacking ${wheel.package}${wheels.length > 1 ? ` (${wheels.indexOf(wheel) + 1} of ${wheels.length})` : ''}`,
    );
    await unpackWheel(file, deps, targetOf);
    await writeFile(markOf(wheel), '');
    await rm(place, { recursive: true, force: true });
  }
  // The names that the addon's build links against.
  for (const [link, library] of [
    ['libtensorflow.so', 'libtensorflow_cc.so.2'],
    ['libtensorflow_framework.so', 'libtensorflow_framework.so.2'],
  ]) {
    await rm(join(deps, 'lib', /** @type {string} */ (link)), { force: true });
    await symlink(/** @type {string} */ (library), join(deps, 'lib', /** @type {string} */ (link)));
  }
  const addon = join(temporary, 'tfjs_binding.node');
  const compiler = await compileAddon(deps, addon);
  const manifest = {
    tensorflowVersion: wheels[0]?.version,
    obtained: wheels.map(({ package: name, version }) => `Python wheel ${name} ${version}`),
    compiler,
    date: new Date().toISOString(),
    sha256: {
      ...Object.fromEntries(wheels.map((wheel) => [wheel.package, wheel.sha256])),
      'tfjs_binding.node': await sha256(addon),
    },
  };
  await writeFile(join(temporary, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await rm(folder, { recursive: true, force: true });
  await rename(temporary, folder);
  await rm(downloads, { recursive: true, force: true });
}

/**
 * Puts things aside.
 *
 * @param {readonly string[]} all
 * @returns what takes them back, and what lets go of them
 */
async function setAside(all) {
  const places = all.map((place) => ({ place, kept: `${place}.kept` }));
  for (const { place, kept } of places) {
    await rm(kept, { recursive: true, force: true });
    await rename(place, kept).catch(() => undefined);
  }
  return {
    async restore() {
      for (const { place, kept } of places) {
        await rm(place, { recursive: true, force: true });
        await rename(kept, place).catch(() => undefined);
      }
    },
    async drop() {
      for (const { kept } of places) await rm(kept, { recursive: true, force: true });
    },
  };
}

/**
 * Makes tfjs-node use a build, if it then passes; else everything is as before.
 *
 * @template T
 * @param {Build} build
 * @param {() => Promise<T>} test
 * @param {{ addon: string, deps: string }} [places] in the package
 * @returns {Promise<T>} what the test says
 */
export async function adoptBuild(build, test, { addon, deps } = { addon: ADDON, deps: DEPS }) {
  const folder = folderOf(build);
  const before = await setAside([addon, deps]);
  try {
    await symlink(join(folder, 'deps'), deps, 'junction');
    await mkdir(dirname(addon), { recursive: true });
    // A copy, not a link: the loader looks for the libraries from where the addon really lies.
    await cp(join(folder, 'tfjs_binding.node'), addon);
    const result = await test();
    await before.drop();
    return result;
  } catch (error) {
    await before.restore();
    throw error;
  }
}
