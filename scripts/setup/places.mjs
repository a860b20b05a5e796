import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export const TFJS_PACKAGE = join(ROOT, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
/** tfjs-node's native part, and the folder in which it looks for TensorFlow. */
export const ADDON = join(TFJS_PACKAGE, 'lib', 'napi-v8', 'tfjs_binding.node');
export const DEPS = join(TFJS_PACKAGE, 'deps');

/** As in `linux-x64`. */
export const SYSTEM = `${process.platform}-${process.arch}`;

/**
 * The user's data folder, as `src/main/engine/paths.ts` has it; a test compares the two.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @param {NodeJS.Platform} [platform]
 * @param {string} [home]
 */
export function dataFolder(env = process.env, platform = process.platform, home = homedir()) {
  const { GRAFT_HOME, LOCALAPPDATA, XDG_DATA_HOME } = env;
  if (GRAFT_HOME) return GRAFT_HOME;
  if (platform === 'win32') return join(LOCALAPPDATA || join(home, 'AppData', 'Local'), 'Graft');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Graft');
  return join(XDG_DATA_HOME || join(home, '.local', 'share'), 'graft');
}

/** Native libraries live here, not in node_modules, which npm wipes at will. */
export const nativeFolder = () => join(dataFolder(), 'native');

/** Python interpreters to try, the usual first. */
export const PYTHONS = process.platform === 'win32' ? [['py', '-3'], ['python']] : [['python3'], ['python']];

/** Whether an NVIDIA driver is installed. */
export function hasNvidiaDriver() {
  if (process.platform === 'linux') {
    // The last is where Windows puts its driver for Linux (WSL).
    return ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/usr/lib/wsl/lib/libcuda.so.1'].some((path) =>
      existsSync(path),
    );
  }
  if (process.platform === 'win32')
    return existsSync(join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'nvcuda.dll'));
  return false;
}

/**
 * Whether the graphics card is to be used: its driver is there, and it is not hidden from programs.
 *
 * @param {NodeJS.ProcessEnv} [env]
 */
export function wantsCard(env = process.env) {
  const visible = env['CUDA_VISIBLE_DEVICES'];
  return visible !== '-1' && visible !== '' && hasNvidiaDriver();
}
