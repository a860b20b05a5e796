import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const DRIVER = 'libcuda.so.1';
/** CUDA libraries that a GPU build of TensorFlow opens at run time. */
const CUDA_LIBRARIES = [DRIVER, 'libcudart.so', 'libcublas.so', 'libcudnn.so', 'libcufft.so', 'libcusparse.so'];

/** What TensorFlow would need for a graphics card, as it was found on this machine. */
export interface CudaSurroundings {
  /** What the loader's cache lists (`ldconfig -p`); null where there is no such cache. */
  readonly listing: string | null;
  /** Whether set-up has put TensorFlow's CUDA libraries beside it. */
  readonly hasOwnLibraries: boolean;
}

/** Why TensorFlow found no card, and the libraries to blame; none where libraries are not what is missing. */
export interface ProcessorReason {
  readonly reason: string;
  readonly missingLibraries: readonly string[];
}

/** Says why training runs on the processor where TensorFlow itself found no card. */
export function explainProcessor({ listing, hasOwnLibraries }: CudaSurroundings): ProcessorReason {
  if (listing === null) {
    return { reason: 'this build of TensorFlow has no GPU support, or found no GPU', missingLibraries: [] };
  }
  if (!listing.includes(DRIVER)) {
    return { reason: `no NVIDIA driver on this machine (${DRIVER} is missing)`, missingLibraries: [DRIVER] };
  }
  if (hasOwnLibraries)
    return { reason: 'TensorFlow has CUDA, but found no card that it can use', missingLibraries: [] };
  const missing = CUDA_LIBRARIES.filter((name) => !listing.includes(name));
  if (missing.length > 0)
    return { reason: `CUDA libraries are missing: ${missing.join(', ')}`, missingLibraries: missing };
  return { reason: 'this build of TensorFlow has no GPU support, or found no GPU', missingLibraries: [] };
}

/** Looks at this machine. */
export async function findCuda(): Promise<CudaSurroundings> {
  const listing = await new Promise<string | null>((resolve) => {
    if (process.platform !== 'linux') return resolve(null);
    execFile('ldconfig', ['-p'], { timeout: 5000 }, (error, stdout) => resolve(error === null ? stdout : null));
  });
  const description = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json');
  return { listing, hasOwnLibraries: existsSync(join(dirname(description), 'deps', 'nvidia')) };
}
