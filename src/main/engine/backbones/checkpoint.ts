import { open } from 'node:fs/promises';
import { GraftError } from '../../../shared/errors.js';
import { systemCode } from '../../common/system-code.js';
import type { WeightTensor } from '../graph/types.js';
import { readSafetensors } from './safetensors.js';
import { readTorchLegacy } from './torch-legacy.js';
import { readTorchZip } from './torch-zip.js';

/** A checkpoint's tensors by name, as float32, row-major, in the file's own layout. */
export interface Checkpoint {
  readonly format: 'safetensors' | 'torch-zip' | 'torch-legacy';
  readonly tensors: ReadonlyMap<string, WeightTensor>;
}

/** Larger files are no backbone of ours. */
const MAX_BYTES = 4 * 1024 ** 3;
/** Node reads at most 2 GiB at once. */
const READ_BYTES = 1 << 30;

async function readWhole(path: string): Promise<Uint8Array> {
  const file = await open(path).catch((cause: unknown) => {
    const reason = systemCode(cause) === 'ENOENT' ? 'it does not exist' : `it cannot be opened (${systemCode(cause)})`;
    throw new GraftError('not-found', `expected a checkpoint at ${path}, but ${reason}`, { cause });
  });
  try {
    const info = await file.stat();
    if (!info.isFile()) throw new GraftError('weights-unreadable', `expected a checkpoint at ${path}, found no file`);
    const { size } = info;
    if (size > MAX_BYTES) {
      throw new GraftError('weights-unreadable', `${path}: expected at most ${MAX_BYTES} bytes, received ${size}`);
    }
    const bytes = new Uint8Array(size);
    for (let offset = 0; offset < size;) {
      const { bytesRead } = await file.read(bytes, offset, Math.min(READ_BYTES, size - offset), offset);
      if (bytesRead === 0) {
        throw new GraftError('weights-unreadable', `${path}: expected ${size} bytes, the file ended after ${offset}`);
      }
      offset += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** The pickle of torch's number 0x1950a86a20f9469cfc6c, with which a legacy file begins. */
const LEGACY_MAGIC = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

function isLegacy(bytes: Uint8Array): boolean {
  // A protocol opcode of two bytes comes before the number.
  return bytes[0] === 0x80 && LEGACY_MAGIC.every((byte, index) => bytes[index + 2] === byte);
}

/**
 * Reads a checkpoint: safetensors, or torch's `.pth` as a zip or in the format before torch 1.6. The first bytes decide,
 * not the name. Nothing in a pickle is ever run.
 *
 * @throws GraftError `not-found`, `weights-unreadable`, `unsafe-file`
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const bytes = await readWhole(path);
  try {
    if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
      return { format: 'torch-zip', tensors: await readTorchZip(bytes) };
    }
    if (isLegacy(bytes)) return { format: 'torch-legacy', tensors: readTorchLegacy(bytes) };
    return { format: 'safetensors', tensors: readSafetensors(bytes) };
  } catch (error) {
    if (error instanceof GraftError) {
      throw new GraftError(error.code, `${path}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
