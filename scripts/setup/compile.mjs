import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nativeFolder, PYTHONS, ROOT, TFJS_PACKAGE } from './places.mjs';
import { lastLine, run } from './run.mjs';
import { say } from './say.mjs';

/** C++ compilers of the system, the user's own choice first. */
const compilers = () => [process.env['CXX'], 'c++', 'g++', 'clang++'].flatMap((name) => (name ? [[name]] : []));

/** Half a gigabyte, needed once. */
const zigFolder = () => join(nativeFolder(), 'ziglang');

/**
 * Finds a C++ compiler: the system's, else the one in pip's package "ziglang".
 *
 * @returns {Promise<{ command: string[], env: Record<string, string>, label: string }>}
 */
async function findCompiler() {
  for (const command of compilers()) {
    const { code, output } = await run([...command, '--version'], { timeoutMs: 20_000 });
    if (code === 0) return { command, env: {}, label: output.split('\n')[0] ?? command.join(' ') };
  }
  say('TensorFlow: no C++ compiler found; fetching one by pip (ziglang, about 100 MB), which takes minutes');
  const target = zigFolder();
  const cache = join(target, 'cache');
  const env = { PYTHONPATH: target, ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache };
  /** @type {string[]} */
  const reasons = [];
  for (const python of PYTHONS) {
    const zig = [...python, '-m', 'ziglang'];
    const present = await run([...zig, 'version'], { env, timeoutMs: 20_000 });
    if (present.code !== 0) {
      await mkdir(target, { recursive: true });
      const install = await run(
        [...python, '-m', 'pip', 'install', '--quiet', '--upgrade', '--target', target, 'ziglang'],
        {
          timeoutMs: 600_000,
        },
      );
      if (install.code !== 0) {
        reasons.push(`${python.join(' ')}: ${install.code === 127 ? 'not found' : lastLine(install.output)}`);
        continue;
      }
    }
    const { code, output } = await run([...zig, 'version'], { env, timeoutMs: 20_000 });
    if (code === 0) return { command: [...zig, 'c++'], env, label: `zig ${output}` };
    reasons.push(lastLine(output));
  }
  throw new Error(
    `expected a C++ compiler, found none (${reasons.join('; ')}). Install one: "apt install g++" on Debian and Ubuntu, "dnf install gcc-c++" on Fedora, "xcode-select --install" on macOS`,
  );
}

/**
 * Builds tfjs-node's addon from its own source against a folder with TensorFlow's headers and libraries. Node's headers come
 * from the npm package node-api-headers: the addon speaks Node-API only, so one build serves every Node.
 *
 * @param {string} deps folder with `include` and `lib`
 * @param {string} addon file to write
 * @returns {Promise<string>} the compiler
 */
export async function compileAddon(deps, addon) {
  const { command, env, label } = await findCompiler();
  say(`TensorFlow: building the addon with ${label}`);
  const { code, output } = await run(
    [
      ...command,
      ...['-std=c++17', '-O2', '-shared', '-fPIC', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION'],
      ...['-I', join(ROOT, 'node_modules', 'node-api-headers', 'include'), '-I', join(TFJS_PACKAGE, '..')],
      ...['-I', TFJS_PACKAGE, '-I', join(deps, 'include')],
      ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(TFJS_PACKAGE, 'binding', name)),
      ...['-o', addon, '-L', join(deps, 'lib'), '-ltensorflow', '-ltensorflow_framework'],
      // Where the addon looks for the libraries: the package's own deps folder.
      '-Wl,-rpath,$ORIGIN/../../deps/lib',
    ],
    { env, timeoutMs: 600_000 },
  );
  if (code !== 0) throw new Error(`the addon does not build with ${label}: ${output.slice(-1500)}`);
  await rm(zigFolder(), { recursive: true, force: true });
  return label;
}
