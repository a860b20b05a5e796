import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  cardTestSchema,
  type CardSurroundings,
  refuseGraphicsCard,
} from '../../../../src/main/engine/graphics-card.js';
import { runEntry } from '../../../../src/main/engine/run-entry.js';
import { parseWith } from '../../../../src/shared/parse.js';

const HOUR_MS = 3_600_000;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'graft-card-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A machine whose card gives these outcomes, one a test; what it is may change in between. */
function machine(outcomes: readonly (string | Error)[], identity: string | null = 'driver 1') {
  const state = { identity, hours: 0, tests: 0 };
  const surroundings: CardSurroundings = {
    identity: () => state.identity,
    test: async () => {
      const outcome = outcomes[state.tests++];
      if (outcome instanceof Error) throw outcome;
      if (outcome === undefined) throw new Error('tested once too often');
      return outcome;
    },
    folder,
    nowMs: () => state.hours * HOUR_MS,
  };
  return { state, refuse: () => refuseGraphicsCard(surroundings) };
}

const says = (problem: string | null, device = 'gpu'): string => `${JSON.stringify({ device, problem })}\n`;

describe('refuseGraphicsCard', () => {
  it('tests nothing where no driver is installed', async () => {
    const { state, refuse } = machine([], null);
    expect(await refuse()).toBeNull();
    expect(state.tests).toBe(0);
  });

  it.each(['gpu', 'cpu'])('remembers a test that went well, on a %s', async (device) => {
    const { state, refuse } = machine([says(null, device)]);
    expect(await refuse()).toBeNull();
    state.hours = 1000;
    expect(await refuse()).toBeNull();
    expect(state.tests).toBe(1);
  });

  it('tests again once driver or libraries are others', async () => {
    const { state, refuse } = machine([says('a convolution gave 0'), says(null)]);
    expect(await refuse()).toBe('a convolution gave 0');
    state.identity = 'driver 2';
    expect(await refuse()).toBeNull();
    expect(state.tests).toBe(2);
  });

  it('leaves a card that failed alone for a day', async () => {
    const { state, refuse } = machine([new Error('it took longer than 120 s'), says(null)]);
    expect(await refuse()).toBe('it took longer than 120 s');
    state.hours = 23;
    expect(await refuse()).toBe('it took longer than 120 s');
    expect(state.tests).toBe(1);
    state.hours = 25;
    expect(await refuse()).toBeNull();
    expect(state.tests).toBe(2);
  });

  it.each(['', 'nonsense', '{}', '{"device":"tpu","problem":null}'])(
    'refuses a card whose test says %j',
    async (output) => {
      expect(await machine([output]).refuse()).toBe('its test gave no result');
    },
  );
});

describe('the test itself', () => {
  it('passes here, in a process of its own', async () => {
    const output: unknown = JSON.parse(await runEntry('card-test', [], 60_000));
    expect(parseWith(cardTestSchema, output, 'the test')).toMatchObject({ problem: null });
  });

  it('is ended when its time is over', async () => {
    await expect(runEntry('card-test', [], 1)).rejects.toThrow('it took longer than 0.001 s');
  });
});

describe('runEntry', () => {
  it('says how a process ended that failed', async () => {
    await expect(runEntry('probe', ['no-such-backbone', 'frozen'], 60_000)).rejects.toThrow('it ended with 1');
  });
});
