import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { collectGarbage } from '../../../../src/main/engine/garbage.js';

it('frees what nothing reaches and keeps the rest', async () => {
  const kept = new Float32Array(1_000_000).fill(1);
  const make = (): WeakRef<Float32Array> => new WeakRef(new Float32Array(1_000_000));
  const [lost, held] = [make(), new WeakRef(kept)];
  // What a weak reference was made for is held until the turn is over.
  await nextTurn();
  collectGarbage();
  expect(lost.deref()).toBeUndefined();
  expect(held.deref()).toBe(kept);
});
