import { availableParallelism } from 'node:os';
import { BACKBONES } from '../backbones/registry.js';
import type { BackboneDefinition } from '../backbones/types.js';
import { rememberedSpeed } from './speed-record.js';
import { stageWork, sumOver } from './work.js';

/**
 * Work that a core does in a second where nothing has been measured. Rough: processors of the last ten years do between a
 * third and three times of it.
 */
const ROUGH_WORK_PER_CORE = 40e9;
/** More cores than that hardly speed up batches of 16. */
const MAX_CORES = 8;
/** A graphics card instead of {@link MAX_CORES} cores; as rough. */
const ROUGH_WORK_ON_GPU = 2e12;

/** How fast a backbone runs here, and how well that is known. */
export interface KnownSpeed {
  /** For one picture through the frozen backbone, in batches of 16. */
  readonly secondsPerImage: number;
  /** `measured`: this backbone on this machine; `rough`: from its arithmetic. */
  readonly basis: 'measured' | 'rough';
}

const workOf = (definition: BackboneDefinition): number => sumOver(stageWork(definition), 'work');

/** Work a second, as backbones that were measured here have done it: the median; null when none was. */
async function measuredRate(): Promise<number | null> {
  const rates: number[] = [];
  for (const definition of BACKBONES) {
    const imagesPerSecond = await rememberedSpeed(definition.id);
    if (imagesPerSecond !== null) rates.push(imagesPerSecond * workOf(definition));
  }
  return rates.sort((a, b) => a - b)[Math.floor(rates.length / 2)] ?? null;
}

/**
 * How fast a backbone runs here: as measured, else by its arithmetic at the rate of backbones that were measured, else at
 * a constant rate.
 */
export async function knownSpeed(definition: BackboneDefinition, isGpu: boolean): Promise<KnownSpeed> {
  const own = await rememberedSpeed(definition.id);
  if (own !== null) return { secondsPerImage: 1 / own, basis: 'measured' };
  const roughRate = isGpu ? ROUGH_WORK_ON_GPU : ROUGH_WORK_PER_CORE * Math.min(MAX_CORES, availableParallelism());
  return { secondsPerImage: workOf(definition) / ((await measuredRate()) ?? roughRate), basis: 'rough' };
}
