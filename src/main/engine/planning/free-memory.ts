import { execFile } from 'node:child_process';
import type { FreeMemory } from '../../../shared/live-reports.js';

const TIMEOUT_MS = 2000;
const MIB = 1024 ** 2;

/** What NVIDIA's tool says of the first card; null for what is no number. */
export function parseFreeCardMemory(output: string): number | null {
  const mebibytes = /^\s*(\d+)\s*$/m.exec(output.split('\n')[0] ?? '')?.[1];
  return mebibytes === undefined ? null : Number(mebibytes) * MIB;
}

/** Free memory of the first card; null where NVIDIA's tool is missing, fails or takes too long. */
async function freeCardMemory(): Promise<number | null> {
  const query = ['--query-gpu=memory.free', '--format=csv,noheader,nounits'];
  return await new Promise((resolve) => {
    execFile('nvidia-smi', query, { timeout: TIMEOUT_MS }, (error, stdout) =>
      resolve(error === null ? parseFreeCardMemory(stdout) : null),
    );
  });
}

/**
 * Memory that a run in this process can have, what the process holds already included; null where a card does not say.
 *
 * @param isGpu TensorFlow computes on a graphics card
 */
export async function findFreeMemory(isGpu: boolean): Promise<FreeMemory | null> {
  if (!isGpu) return { bytes: process.availableMemory() + process.memoryUsage.rss(), of: 'machine' };
  const bytes = await freeCardMemory();
  return bytes === null ? null : { bytes, of: 'card' };
}
