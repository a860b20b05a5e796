import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Flags of `/proc/cpuinfo` that decide how fast numerics are, by the names that people know. */
const FEATURES: readonly (readonly [flag: string, name: string])[] = [
  ['avx2', 'AVX2'],
  ['avx512f', 'AVX-512'],
  ['avx512_vnni', 'AVX-512 VNNI'],
  ['avx512_bf16', 'AVX-512 BF16'],
  ['amx_bf16', 'AMX BF16'],
  ['asimd', 'NEON'],
  ['bf16', 'BF16'],
];

/** A processor, as far as the speed of numerics depends on it. */
export interface Processor {
  readonly model: string;
  readonly cores: number;
  /** Of what counts here: AVX2, AVX-512, bfloat16, AMX. Empty where it cannot be found out, as outside of Linux. */
  readonly features: readonly string[];
}

/** What a Linux processor says that it can, of what counts here. */
export function featuresOf(cpuinfo: string): string[] {
  const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(/\s+/) ?? []);
  return FEATURES.flatMap(([flag, name]) => (flags.has(flag) ? [name] : []));
}

/** Whether a processor multiplies bfloat16: Intel's and AMD's, and ARM's. */
export const hasBfloat16 = ({ features }: Pick<Processor, 'features'>): boolean =>
  features.some((name) => name.endsWith('BF16'));

function readCpuinfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}

let known: Processor | null = null;

/**
 * This machine's processor. The model alone does not identify it: clouds name processors of several generations alike, with
 * and without bfloat16.
 */
export function thisProcessor(): Processor {
  const all = cpus();
  known ??= {
    model: all[0]?.model.trim() ?? 'unknown processor',
    cores: all.length,
    features: featuresOf(readCpuinfo()),
  };
  return known;
}
