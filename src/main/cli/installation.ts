import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { engineEntry } from '../engine-process.js';

/** One thing that `graft doctor` looks at. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** Without it Graft cannot work. */
  readonly required: boolean;
  /** What was found. */
  readonly found: string;
  /** What to do where it is not ok. */
  readonly remedy: string | null;
}

/** Whether Graft runs on this Node.js: the `engines` of package.json. */
export function isSupportedNode(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24;
}

/** What can be seen of an installation without starting the engine. */
export function checkInstallation(root: string, nodeVersion: string): Check[] {
  const supported = isSupportedNode(nodeVersion);
  const entry = engineEntry(root);
  const built = existsSync(entry);
  const tensorflow = join(root, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
  const addon = join(tensorflow, 'lib', 'napi-v8', 'tfjs_binding.node');
  const libraries = join(tensorflow, 'deps', 'lib');
  const hasAddon = existsSync(addon);
  const hasLibrary = existsSync(libraries) && readdirSync(libraries).some((name) => /tensorflow/.test(name));
  return [
    {
      name: 'Node.js',
      ok: supported,
      required: true,
      found: nodeVersion,
      remedy: supported ? null : 'install Node.js 20.19 or later, 22.12 or later, or 24 and later',
    },
    {
      name: 'engine',
      ok: built,
      required: true,
      found: built ? entry : `nothing at ${entry}`,
      remedy: built ? null : 'run `npm run build`',
    },
    {
      name: 'TensorFlow addon',
      ok: hasAddon,
      required: true,
      found: hasAddon ? addon : `nothing at ${addon}`,
      remedy: hasAddon ? null : 'run `npm run setup`',
    },
    {
      name: 'TensorFlow library',
      ok: hasLibrary,
      required: true,
      found: hasLibrary ? libraries : `nothing in ${libraries}`,
      remedy: hasLibrary ? null : 'run `npm run setup`',
    },
  ];
}
