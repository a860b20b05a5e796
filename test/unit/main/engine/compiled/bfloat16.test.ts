import { describe, expect, it } from 'vitest';
import { toBfloat16 } from '../../../../../src/main/engine/compiled/bfloat16.js';
import { judgeProbe, type ProbeTask } from '../../../../../src/main/engine/compiled/frozen-network.js';

const CASES: readonly (readonly [value: number, bits: number])[] = [
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3f80],
  [-2.5, 0xc020],
  [Infinity, 0x7f80],
  // 1 + 2⁻⁸ lies between 0x3f80 and 0x3f81, 1 + 3·2⁻⁸ between 0x3f81 and 0x3f82: the even one each time.
  [1 + 2 ** -8, 0x3f80],
  [1 + 3 * 2 ** -8, 0x3f82],
  [1 + 2 ** -8 + 2 ** -20, 0x3f81],
  [Math.PI, 0x4049],
  [1e-40, 0x0001],
];

describe('toBfloat16', () => {
  it.each(CASES)('rounds %d', (value, bits) => {
    expect(toBfloat16(Float32Array.of(7, value).subarray(1))).toEqual(Uint16Array.of(bits));
  });
});

describe('judgeProbe', () => {
  const says = (plainMs: number, fastMs: number, difference: number): string =>
    JSON.stringify({ plainMs, fastMs, difference });
  const judge = (task: ProbeTask, output: string, onCard = false) => judgeProbe(task, output, onCard);

  it('takes the compiled graph where it is faster and agrees', () => {
    expect(judge('frozen', says(200, 100, 1e-6))).toEqual({
      runner: 'compiled',
      reason: 'the compiled graph is 2.00 times as fast as eager',
    });
    expect(judge('step-batch', says(100, 101, 1e-6)).runner).toBe('eager');
    expect(judge('frozen', says(200, 100, 0.002))).toEqual({
      runner: 'eager',
      reason: 'the compiled graph differs by 2.0e-3',
    });
  });

  it('lets a graphics card round more', () => {
    expect(judge('step-batch', says(200, 100, 0.008), true).runner).toBe('compiled');
    expect(judge('step-batch', says(200, 100, 0.02), true).runner).toBe('eager');
    expect(judge('step-batch', says(200, 100, 0.008)).runner).toBe('eager');
  });

  it('remembers how many pictures at once were fastest', () => {
    const said = JSON.stringify({ plainMs: 200, fastMs: 100, difference: 0, atOnce: 4 });
    expect(judge('frozen', said)).toMatchObject({ runner: 'compiled', atOnce: 4 });
    expect(judge('frozen', JSON.stringify({ plainMs: 90, fastMs: 100, difference: 0, atOnce: 4 }))).toEqual({
      runner: 'eager',
      reason: 'the compiled graph is 0.90 times as fast as eager',
    });
  });

  it('takes bfloat16 for more than a small gain, and lets it round', () => {
    expect(judge('frozen-bfloat16', says(180, 100, 0.02))).toEqual({
      runner: 'bfloat16',
      reason: 'bfloat16 is 1.80 times as fast as float32',
    });
    expect(judge('frozen-bfloat16', says(105, 100, 0.02)).runner).toBe('compiled');
    expect(judge('frozen-bfloat16', says(180, 100, 0.04)).runner).toBe('compiled');
  });

  it.each(['', 'Killed', '{"plainMs":1}', says(1, 1, NaN)])('does not trust %j', (output) => {
    expect(judge('frozen', output).runner).toBe('eager');
    expect(judge('frozen-bfloat16', output).runner).toBe('compiled');
  });
});
