import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunnerChoice } from '../compiled/runner.js';

/** Raised when features are computed differently, so that old ones are not found. */
const FEATURES_VERSION = 2;

/** Features on disk, across runs. A cache: whatever cannot be read or written is computed again. */
export interface FeatureStore {
  /** The features under a key, or null. */
  read(key: string, length: number): Promise<Float32Array | null>;
  /**
   * Written when this returns. Features come sixteen at a time between two calls of the network, which block this thread
   * anyway: awaiting a dozen small files' system calls one by one took a tenth of a frozen epoch.
   */
  write(key: string, features: Float32Array): void;
}

/** The key of one image's features: everything they depend on. */
export function featureKey(parts: readonly (string | number)[]): string {
  return createHash('sha256')
    .update(JSON.stringify([FEATURES_VERSION, ...parts]))
    .digest('hex');
}

/** Bytes of the little-endian float32 values behind the key that they belong to. */
const KEY_BYTES = 32;

/**
 * Opens the store in a folder: one file a key, little-endian float32 behind the key itself, written under a temporary name
 * and renamed, so that two processes can share it.
 */
export function openFeatureStore(folder: string): FeatureStore {
  // Sixteen folders: making one takes as long as writing a file.
  const folderOf = (key: string): string => join(folder, key.slice(0, 1));
  const fileOf = (key: string): string => join(folderOf(key), `${key}.f32`);
  const made = new Set<string>();
  return {
    async read(key, length) {
      const bytes = await readFile(fileOf(key)).catch(() => null);
      if (bytes === null || bytes.length !== KEY_BYTES + length * 4) return null;
      if (bytes.toString('hex', 0, KEY_BYTES) !== key) return null;
      const copy = new Uint8Array(length * 4);
      copy.set(bytes.subarray(KEY_BYTES));
      return new Float32Array(copy.buffer);
    },
    write(key, features) {
      const inner = folderOf(key);
      const file = fileOf(key);
      const temporary = `${file}.${randomUUID()}`;
      const values = Buffer.from(features.buffer, features.byteOffset, features.byteLength);
      try {
        if (!made.has(inner)) mkdirSync(inner, { recursive: true });
        made.add(inner);
        writeFileSync(temporary, Buffer.concat([Buffer.from(key, 'hex'), values]));
        renameSync(temporary, file);
      } catch {
        // A full or read-only disk costs speed, not the run; a folder that was cleared meanwhile is made again.
        made.delete(inner);
      }
    },
  };
}

/**
 * What features of a frozen part are kept under.
 *
 * @param choice how it runs here
 * @param weights fingerprint of its weights and structure
 * @param onCard it runs on a graphics card, which rounds otherwise than a processor
 */
export const featuresFingerprint = ({ runner, atOnce }: RunnerChoice, weights: string, onCard: boolean): string =>
  `${onCard ? 'card/' : ''}${runner}/${atOnce ?? 'all'}:${weights}`;
