import { arch, platform, release, totalmem } from 'node:os';
import { thisProcessor } from '../../common/processor.js';
import type { Machine } from './report.js';

/** @param software name and version of what is measured */
export function describeThisMachine(software: readonly string[]): Machine {
  const { model, cores, features } = thisProcessor();
  return {
    processor: model,
    cores,
    memoryBytes: totalmem(),
    features: [...features],
    platform: `${platform()} ${release()} ${arch()}, Node.js ${process.versions.node}`,
    software: [...software],
  };
}
