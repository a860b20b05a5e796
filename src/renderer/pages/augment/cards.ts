import type { AugmentPolicy, AugmentStep } from '../../../shared/augment/policy.js';
import { findAugmentOp } from '../../../shared/augment/registry.js';

/** A step as the page shows it: a policy has only those that are on. */
export interface StepCard {
  readonly step: AugmentStep;
  readonly isOn: boolean;
  /** Of its op among the cards, so that it keeps its place on screen when others come and go. */
  readonly key: string;
}

/** A step that is switched off: its settings, and after how many steps that are on it stands. */
export interface OffStep {
  readonly step: AugmentStep;
  readonly place: number;
}

type Cards = readonly Omit<StepCard, 'key'>[];

const isFrame = ({ op }: AugmentStep): boolean => findAugmentOp(op)?.kind === 'frame';

/** Steps that are on and off, in the order in which they are shown. */
export function toCards(steps: readonly AugmentStep[], off: readonly OffStep[]): StepCard[] {
  const cards: { step: AugmentStep; isOn: boolean }[] = [];
  const addOff = (place: number, isLast: boolean): void => {
    for (const one of off) {
      if (one.place === place || (isLast && one.place > place)) cards.push({ step: one.step, isOn: false });
    }
  };
  steps.forEach((step, place) => {
    addOff(place, false);
    cards.push({ step, isOn: true });
  });
  addOff(steps.length, true);
  // A step that frames stands first, also when it is off.
  cards.sort((a, b) => Number(isFrame(b.step)) - Number(isFrame(a.step)));
  const seen = new Map<string, number>();
  return cards.map((card) => {
    const repetition = seen.get(card.step.op) ?? 0;
    seen.set(card.step.op, repetition + 1);
    return { ...card, key: `${card.step.op}/${repetition}` };
  });
}

/** Takes cards apart again. */
export function fromCards(cards: Cards): { readonly steps: AugmentStep[]; readonly off: OffStep[] } {
  const steps: AugmentStep[] = [];
  const off: OffStep[] = [];
  for (const { step, isOn } of cards) {
    if (isOn) steps.push(step);
    else off.push({ step, place: steps.length });
  }
  return { steps, off };
}

/** Puts the card at `from` to where the one at `to` is; steps that frame stay first. */
export function moveCard<T extends { readonly step: AugmentStep }>(cards: readonly T[], from: number, to: number): T[] {
  const first = cards.findIndex(({ step }) => !isFrame(step));
  const moved = [...cards];
  const card = moved[from];
  if (card === undefined || isFrame(card.step) || first < 0) return moved;
  moved.splice(from, 1);
  moved.splice(Math.min(Math.max(to, first), moved.length), 0, card);
  return moved;
}

/** A step of an op with its usual settings. */
export function newStep(id: string): AugmentStep {
  const op = findAugmentOp(id);
  const params = Object.fromEntries(Object.entries(op?.params ?? {}).map(([name, spec]) => [name, spec.default]));
  return { op: id, p: op?.defaultP ?? 1, params };
}

/** Adds a step: at the end, or first where it frames. */
export function addCard(cards: Cards, step: AugmentStep): Cards {
  const card = { step, isOn: true };
  return isFrame(step) ? [card, ...cards] : [...cards, card];
}

/** What is left of the steps that are off when a policy came from elsewhere: undo brings a step back that was kept here. */
export function dropReturned(
  off: readonly OffStep[],
  before: readonly AugmentStep[],
  after: readonly AugmentStep[],
): OffStep[] {
  const count = (steps: readonly AugmentStep[], op: string): number => steps.filter((step) => step.op === op).length;
  const returned = new Map<string, number>();
  for (const { step } of off) returned.set(step.op, Math.max(0, count(after, step.op) - count(before, step.op)));
  return off.filter(({ step }) => {
    const left = returned.get(step.op) ?? 0;
    returned.set(step.op, left - 1);
    return left <= 0;
  });
}

/** Whether two policies draw the same. */
export function isSamePolicy(a: AugmentPolicy, b: AugmentPolicy): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
