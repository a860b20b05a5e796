import { untrack } from 'svelte';
import type { AugmentPolicy, AugmentStep, MixSpec } from '../../../shared/augment/policy.js';
import { AUGMENT_PRESETS, type AugmentPreset } from '../../../shared/augment/presets.js';
import { findAugmentOp } from '../../../shared/augment/registry.js';
import type { ProjectState } from '../../state/project.svelte.js';
import {
  addCard,
  dropReturned,
  fromCards,
  isSamePolicy,
  moveCard,
  newStep,
  type OffStep,
  type StepCard,
  toCards,
} from './cards.js';
import { readOff, writeOff } from './off-steps.js';

const EMPTY: AugmentPolicy = { steps: [], mix: null };
const DEFAULT_PRESET = 'light';

const labelOf = (op: string): string => findAugmentOp(op)?.label ?? op;

/**
 * The policy of the open project as cards. A step that is switched off leaves the policy and is kept here, for as long as
 * the window lives.
 */
export class PolicyEditor {
  #off: readonly OffStep[] = $state.raw([]);
  #offMix: MixSpec | null = $state.raw(null);
  /** The preset that was taken last: what "reset" goes back to. */
  #base: string = $state(DEFAULT_PRESET);
  #projectId: string | null = null;
  /** As this editor has last seen or made it. */
  #known: AugmentPolicy = EMPTY;

  readonly #project: ProjectState;

  constructor(project: ProjectState) {
    this.#project = project;
    $effect.pre(() => {
      const id = project.project?.id ?? null;
      const { policy } = this;
      untrack(() => this.#follow(id, policy));
    });
  }

  readonly policy: AugmentPolicy = $derived.by(() => this.#project.recipe?.augment ?? EMPTY);
  readonly cards: readonly StepCard[] = $derived.by(() => toCards(this.policy.steps, this.#off));
  /** The mixing that is on or kept; null when there is none. */
  readonly mix: { readonly spec: MixSpec; readonly isOn: boolean } | null = $derived.by(() => {
    if (this.policy.mix !== null) return { spec: this.policy.mix, isOn: true };
    return this.#offMix === null ? null : { spec: this.#offMix, isOn: false };
  });
  /** The preset that the policy equals, or null. */
  readonly preset: AugmentPreset | null = $derived.by(
    () => AUGMENT_PRESETS.find(({ policy }) => isSamePolicy(policy, this.policy)) ?? null,
  );

  get basePreset(): AugmentPreset {
    return AUGMENT_PRESETS.find(({ id }) => id === this.#base) ?? AUGMENT_PRESETS[0]!;
  }

  /** Takes notice of another project, and of changes that undo or another window made. */
  #follow(projectId: string | null, policy: AugmentPolicy): void {
    if (projectId !== this.#projectId) {
      this.#projectId = projectId;
      const kept = readOff(projectId);
      this.#off = kept.steps;
      this.#offMix = kept.mix;
      this.#base = kept.base ?? DEFAULT_PRESET;
    } else if (!isSamePolicy(policy, this.#known)) {
      this.#keep(dropReturned(this.#off, this.#known.steps, policy.steps), policy.mix === null ? this.#offMix : null);
    }
    this.#known = policy;
  }

  #keep(off: readonly OffStep[], mix: MixSpec | null): void {
    this.#off = off;
    this.#offMix = mix;
    writeOff(this.#projectId, { steps: off, mix, base: this.#base });
  }

  #edit(label: string, policy: AugmentPolicy): void {
    this.#known = policy;
    this.#project.edit(label, (recipe) => ({ ...recipe, augment: policy }));
  }

  #setCards(label: string, cards: readonly Omit<StepCard, 'key'>[]): void {
    const { steps, off } = fromCards(cards);
    this.#keep(off, this.#offMix);
    this.#edit(label, { ...this.policy, steps });
  }

  takePreset({ id, label, policy }: AugmentPreset): void {
    this.#base = id;
    this.#keep([], null);
    this.#edit(`preset ${label}`, policy);
  }

  /** Changes a card's settings. */
  change(key: string, label: string, step: AugmentStep): void {
    const cards = this.cards.map((card) => (card.key === key ? { ...card, step } : card));
    this.#setCards(`${labelOf(step.op)}, ${label}`, cards);
  }

  toggle(key: string): void {
    const card = this.cards.find((one) => one.key === key);
    if (card === undefined) return;
    const cards = this.cards.map((one) => (one.key === key ? { ...one, isOn: !one.isOn } : one));
    this.#setCards(`${labelOf(card.step.op)} ${card.isOn ? 'off' : 'on'}`, cards);
  }

  remove(key: string): void {
    const card = this.cards.find((one) => one.key === key);
    if (card === undefined) return;
    const label = `removal of ${labelOf(card.step.op)}`;
    this.#setCards(
      label,
      this.cards.filter((one) => one.key !== key),
    );
  }

  add(op: string): void {
    this.#setCards(`adding ${labelOf(op)}`, addCard(this.cards, newStep(op)));
  }

  /** Moves a card to where another one is. Returns its new place, from 0. */
  move(key: string, to: number): number {
    const from = this.cards.findIndex((one) => one.key === key);
    const cards = moveCard(this.cards, from, to);
    const place = cards.findIndex((one) => one.key === key);
    if (place !== from) this.#setCards('order of steps', cards);
    return place;
  }

  setMix(label: string, spec: MixSpec | null): void {
    this.#keep(this.#off, null);
    this.#edit(label, { ...this.policy, mix: spec });
  }

  toggleMix(): void {
    const { mix } = this;
    if (mix === null) return;
    this.#keep(this.#off, mix.isOn ? mix.spec : null);
    this.#edit(`mixing ${mix.isOn ? 'off' : 'on'}`, { ...this.policy, mix: mix.isOn ? null : mix.spec });
  }

  /** Changes the mixing's settings, also while it is off. */
  changeMix(label: string, spec: MixSpec): void {
    if (this.policy.mix === null) this.#keep(this.#off, spec);
    else this.setMix(`mixing, ${label}`, spec);
  }
}
