import { type AugmentStep, type MixSpec, parsePolicy } from '../../../shared/augment/policy.js';
import type { OffStep } from './cards.js';

/** What the window keeps of a project beside its policy. */
export interface KeptPolicy {
  readonly steps: readonly OffStep[];
  readonly mix: MixSpec | null;
  /** Id of the preset that was taken last. */
  readonly base: string | null;
}

const NOTHING: KeptPolicy = { steps: [], mix: null, base: null };

const keyOf = (projectId: string): string => `graft.augment.${projectId}`;

/** Reads one step that was kept; what another release wrote is left out. */
function parseKept(value: unknown): OffStep[] {
  if (typeof value !== 'object' || value === null || !('step' in value) || !('place' in value)) return [];
  if (typeof value.place !== 'number') return [];
  try {
    const [step] = parsePolicy({ steps: [value.step] }).steps as readonly [AugmentStep];
    return [{ step, place: value.place }];
  } catch {
    return [];
  }
}

function parseMix(value: unknown): MixSpec | null {
  try {
    return parsePolicy({ steps: [], mix: value }).mix;
  } catch {
    return null;
  }
}

/** What was kept for a project in this window. */
export function readOff(projectId: string | null, storage: Storage = sessionStorage): KeptPolicy {
  if (projectId === null) return NOTHING;
  try {
    const kept: unknown = JSON.parse(storage.getItem(keyOf(projectId)) ?? 'null');
    if (typeof kept !== 'object' || kept === null) return NOTHING;
    const { steps, mix, base } = kept as Readonly<Record<string, unknown>>;
    return {
      steps: Array.isArray(steps) ? steps.flatMap(parseKept) : [],
      mix: parseMix(mix),
      base: typeof base === 'string' ? base : null,
    };
  } catch {
    return NOTHING;
  }
}

export function writeOff(projectId: string | null, kept: KeptPolicy, storage: Storage = sessionStorage): void {
  if (projectId === null) return;
  try {
    storage.setItem(keyOf(projectId), JSON.stringify(kept));
  } catch {
    // A full or forbidden storage forgets at reload; nothing else depends on it.
  }
}
