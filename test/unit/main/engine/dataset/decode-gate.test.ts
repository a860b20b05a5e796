import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createGate } from '../../../../../src/main/engine/dataset/decode-gate.js';

describe('the gate', () => {
  it('lets shared work overlap, and what asks to be alone run alone, in the order of asking', async () => {
    const gate = createGate();
    const log: string[] = [];
    let running = 0;
    const work = (name: string) => async (): Promise<string> => {
      running++;
      log.push(`${name}:${running}`);
      await delay(5);
      running--;
      return name;
    };
    const results = await Promise.all([
      gate.shared(work('a')),
      gate.shared(work('b')),
      delay(1).then(() => gate.alone(work('alone 1'))),
      delay(2).then(() => gate.shared(work('c'))),
      delay(2).then(() => gate.alone(work('alone 2'))),
    ]);
    expect(results).toEqual(['a', 'b', 'alone 1', 'c', 'alone 2']);
    expect(log.slice(0, 2)).toEqual(['a:1', 'b:2']);
    expect(log.filter((line) => line.startsWith('alone'))).toEqual(['alone 1:1', 'alone 2:1']);
  });

  it('goes on after work that fails', async () => {
    const gate = createGate();
    const fail = (): Promise<never> => Promise.reject(new Error('no'));
    await expect(gate.shared(fail)).rejects.toThrow('no');
    await expect(gate.alone(fail)).rejects.toThrow('no');
    expect(await gate.shared(async () => 1)).toBe(1);
    expect(await gate.alone(async () => 2)).toBe(2);
  });
});
