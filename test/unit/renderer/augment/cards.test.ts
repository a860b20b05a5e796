import { describe, expect, it } from 'vitest';
import {
  addCard,
  dropReturned,
  fromCards,
  isSamePolicy,
  moveCard,
  newStep,
  type StepCard,
  toCards,
} from '../../../../src/renderer/pages/augment/cards.js';
import { MIXES, OP_GROUPS } from '../../../../src/renderer/pages/augment/groups.js';
import { readOff, writeOff } from '../../../../src/renderer/pages/augment/off-steps.js';
import { parsePolicy } from '../../../../src/shared/augment/policy.js';
import { presetPolicy } from '../../../../src/shared/augment/presets.js';
import { AUGMENT_OPS } from '../../../../src/shared/augment/registry.js';

const step = newStep;
const shown = (cards: readonly Pick<StepCard, 'step' | 'isOn'>[]): string[] =>
  cards.map(({ step, isOn }) => `${step.op}${isOn ? '' : ' off'}`);

describe('cards of a policy', () => {
  const on = [step('random_resized_crop'), step('rotation'), step('invert')];

  it('put steps that are off where they stood, and come apart again', () => {
    const off = [
      { step: step('grayscale'), place: 2 },
      { step: step('equalize'), place: 3 },
      { step: step('vertical_flip'), place: 9 },
    ];
    const cards = toCards(on, off);
    expect(shown(cards)).toEqual([
      'random_resized_crop',
      'rotation',
      'grayscale off',
      'invert',
      'equalize off',
      'vertical_flip off',
    ]);
    const apart = fromCards(cards);
    expect(apart.steps).toEqual(on);
    expect(apart.off.map(({ place }) => place)).toEqual([2, 3, 3]);
    expect(shown(toCards(apart.steps, apart.off))).toEqual(shown(cards));
  });

  it('tell steps of one op apart', () => {
    const cards = toCards([step('rotation'), step('rotation')], [{ step: step('rotation'), place: 0 }]);
    expect(cards.map(({ key }) => key)).toEqual(['rotation/0', 'rotation/1', 'rotation/2']);
  });

  it('keep the step that frames in first place, on or off', () => {
    const cards = toCards([step('rotation')], [{ step: step('random_resized_crop'), place: 1 }]);
    expect(shown(cards)).toEqual(['random_resized_crop off', 'rotation']);
    expect(shown(addCard([{ step: step('rotation'), isOn: true }], step('random_resized_crop')))).toEqual([
      'random_resized_crop',
      'rotation',
    ]);
    const all = toCards(on, []);
    expect(shown(moveCard(all, 2, 0))).toEqual(['random_resized_crop', 'invert', 'rotation']);
    expect(shown(moveCard(all, 0, 2))).toEqual(shown(all));
  });

  it('move within bounds', () => {
    const all = toCards(on, []);
    expect(shown(moveCard(all, 1, 2))).toEqual(['random_resized_crop', 'invert', 'rotation']);
    expect(shown(moveCard(all, 1, 99))).toEqual(['random_resized_crop', 'invert', 'rotation']);
    expect(shown(moveCard(all, 9, 1))).toEqual(shown(all));
  });

  it('let go of a step that is off when undo brings it back', () => {
    const off = [
      { step: step('rotation'), place: 0 },
      { step: step('rotation'), place: 0 },
      { step: step('invert'), place: 0 },
    ];
    const left = dropReturned(off, [], [step('rotation')]);
    expect(left.map(({ step }) => step.op)).toEqual(['rotation', 'invert']);
    expect(dropReturned(off, [step('rotation')], [step('rotation')])).toEqual(off);
    expect(dropReturned(off, [step('rotation')], [])).toEqual(off);
  });

  it('make steps that a policy takes as they are', () => {
    const steps = AUGMENT_OPS.map(({ id }) => step(id));
    expect(parsePolicy({ steps }).steps).toEqual(steps);
  });

  it('know a preset again', () => {
    const light = presetPolicy('light');
    expect(isSamePolicy(light, parsePolicy(JSON.parse(JSON.stringify(light))))).toBe(true);
    expect(isSamePolicy(light, presetPolicy('strong'))).toBe(false);
  });
});

describe('what is offered', () => {
  it('has every op once, and every way to mix', () => {
    expect(OP_GROUPS.flatMap(({ ops }) => ops).sort()).toEqual(AUGMENT_OPS.map(({ id }) => id).sort());
    for (const { kind } of MIXES) expect(parsePolicy({ steps: [], mix: { kind, alpha: 1 } }).mix?.kind).toBe(kind);
  });
});

describe('steps that are off', () => {
  function memory(): Storage {
    const values = new Map<string, string>();
    return {
      getItem: (key: string) => values.get(key) ?? null,
      setItem: (key: string, value: string) => void values.set(key, value),
    } as Storage;
  }

  it('are kept by project', () => {
    const storage = memory();
    const kept = { steps: [{ step: step('rotation'), place: 1 }], mix: null, base: 'strong' };
    writeOff('a', kept, storage);
    expect(readOff('a', storage)).toEqual(kept);
    expect(readOff('b', storage).steps).toEqual([]);
    expect(readOff(null, storage).steps).toEqual([]);
  });

  it('that another release kept are left out', () => {
    const storage = memory();
    const steps = [{ step: { op: 'swirl' }, place: 0 }, { step: step('invert'), place: 0 }, 'nonsense'];
    storage.setItem('graft.augment.a', JSON.stringify({ steps, mix: { kind: 'stir' }, base: 3 }));
    expect(readOff('a', storage)).toEqual({ steps: [{ step: step('invert'), place: 0 }], mix: null, base: null });
    storage.setItem('graft.augment.a', 'not JSON');
    expect(readOff('a', storage).steps).toEqual([]);
  });
});
