import { rename } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { systemCode } from './system-code.js';

/** How often what another program holds is tried: Windows refuses while a virus scanner looks, which lets go within seconds. */
export const BUSY_ATTEMPTS = 20;
const BUSY_CODES = new Set(['EPERM', 'EACCES', 'EBUSY']);

/** Whether Windows refuses since another program holds a file. */
export const isBusy = (error: unknown): boolean =>
  process.platform === 'win32' && BUSY_CODES.has(systemCode(error) ?? '');

/** Renames a file, with patience where another program holds it for a moment. */
export async function renameWithRetry(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      if (!isBusy(error) || attempt === BUSY_ATTEMPTS) throw error;
      await delay(50 * attempt);
    }
  }
}
