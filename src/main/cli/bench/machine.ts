import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { cpuFlagsOf } from '../../common/cpu-flags.js';
import type { Machine } from './report.js';

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

/** What a Linux processor says that it can, of what counts here. Empty where that cannot be read. */
export function featuresOf(cpuinfo: string): string[] {
  const flags = cpuFlagsOf(cpuinfo);
  return FEATURES.flatMap(([flag, name]) => (flags.has(flag) ? [name] : []));
}

function readCpuinfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}

/** @param software name and version of what is measured */
export function describeThisMachine(software: readonly string[]): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: cpus().length,
    memoryBytes: totalmem(),
    features: featuresOf(readCpuinfo()),
    platform: `${platform()} ${release()} ${arch()}, Node.js ${process.versions.node}`,
    software: [...software],
  };
}
