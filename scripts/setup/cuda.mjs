import { run } from './run.mjs';

/** @typedef {import('./wheel.mjs').Wheel} Wheel */

/**
 * One of NVIDIA's packages for CUDA 12.
 *
 * @param {string} name
 * @param {string} version
 * @param {string} platform
 * @param {number} bytes
 * @param {number} unpackedBytes
 * @param {string} sha256
 * @returns {Wheel}
 */
const nvidia = (name, version, platform, bytes, unpackedBytes, sha256) => ({
  package: `nvidia-${name}-cu12`,
  version,
  platform,
  bytes,
  unpackedBytes,
  sha256,
});
const [OLDEST, OLD, NEW] = ['manylinux2010_x86_64', 'manylinux2014_x86_64', 'manylinux_2_27_x86_64'];

/**
 * TensorFlow with CUDA and the libraries that `tensorflow[and-cuda]` asks for, in versions that its ranges admit. It looks for
 * them beside itself, in `../nvidia`, so nothing has to be installed on the machine but the driver.
 *
 * @type {readonly Wheel[]}
 */
export const CUDA_WHEELS = [
  {
    package: 'tensorflow',
    version: '2.21.0',
    platform: 'manylinux_2_27_x86_64',
    bytes: 572_440_367,
    unpackedBytes: 1_270_000_000,
    sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
  },
  nvidia(
    'cuda-runtime',
    '12.8.90',
    OLD,
    954_765,
    730_000,
    'adade8dcbd0edf427b7204d480d6066d33902cab2a4707dcfc48a2d0fd44ab90',
  ),
  nvidia(
    'cuda-cupti',
    '12.8.90',
    OLD,
    10_248_621,
    42_000_000,
    'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182',
  ),
  nvidia(
    'cuda-nvcc',
    '12.8.93',
    OLDEST,
    40_128_098,
    33_000_000,
    '2d6dc36fb7cb5ac9c0b8825bc13d193c35487a315664007287d0126531238011',
  ),
  nvidia(
    'cuda-nvrtc',
    '12.8.93',
    OLDEST,
    88_040_029,
    223_000_000,
    'a7756528852ef889772a84c6cd89d41dfa74667e24cca16bb31f8f061e3e9994',
  ),
  nvidia(
    'nvjitlink',
    '12.8.93',
    OLDEST,
    39_254_836,
    95_000_000,
    '81ff63371a7ebd6e6451970684f916be2eab07321b73c9d244dc2b4da7f73b88',
  ),
  nvidia(
    'cublas',
    '12.8.4.1',
    NEW,
    594_346_921,
    869_000_000,
    '8ac4e771d5a348c551b2a426eda6193c19aa630236b418086020df5ba9667142',
  ),
  nvidia(
    'cudnn',
    '9.10.2.21',
    NEW,
    706_758_467,
    1_054_000_000,
    '949452be657fa16687d0930933f032835951ef0892b37d2d53824d1a84dc97a8',
  ),
  nvidia(
    'cufft',
    '11.3.3.83',
    OLD,
    193_118_695,
    282_000_000,
    '4d2dd21ec0b88cf61b62e6b43564355e5222e4a3fb394cac0db101f2dd0d4f74',
  ),
  nvidia(
    'curand',
    '10.3.9.90',
    NEW,
    63_619_976,
    137_000_000,
    'b32331d4f4df5d6eefa0554c565b626c7216f87a06a4f56fab27c3b68a830ec9',
  ),
  nvidia(
    'cusolver',
    '11.7.3.90',
    NEW,
    267_506_905,
    405_000_000,
    '4376c11ad263152bd50ea295c05370360776f8c3427b30991df774f9fb26c450',
  ),
  nvidia(
    'cusparse',
    '12.5.8.93',
    OLD,
    288_216_466,
    388_000_000,
    '1ec05d76bbbd8b61b06a80e1eaf8cf4959c3d4ce8e711b65ebd0443bb0ebb13b',
  ),
  nvidia(
    'nccl',
    '2.27.7',
    OLD,
    322_546_339,
    431_000_000,
    'de5ba5562f08029a19cb1cd659404b18411ed0d6c90ac5f52f30bf99ad5809aa',
  ),
];

/** CUDA 12 runs on this driver and newer ones (NVIDIA's "CUDA compatibility", minor versions). */
const OLDEST_DRIVER = 525;
/** The wheel's kernels begin there (its `build_info.py`). */
const OLDEST_CAPABILITY = 6;

/**
 * What is in the way of CUDA 12 on this machine's cards, judged before gigabytes are fetched; null where nothing is known to be.
 *
 * @param {string} listing of `nvidia-smi --query-gpu=name,driver_version,compute_cap --format=csv,noheader`
 * @returns {string | null}
 */
export function whatStopsCuda(listing) {
  const cards = listing
    .split('\n')
    .map((line) => line.split(',').map((part) => part.trim()))
    .filter((parts) => parts.length === 3);
  const driver = cards[0]?.[1];
  if (driver !== undefined && parseFloat(driver) < OLDEST_DRIVER) {
    return `expected an NVIDIA driver ${OLDEST_DRIVER} or newer, found ${driver}: update it`;
  }
  const known = cards.filter(([, , capability]) => parseFloat(capability ?? '') > 0);
  if (known.length === 0 || known.some(([, , capability]) => parseFloat(capability ?? '') >= OLDEST_CAPABILITY)) {
    return null;
  }
  const found = known.map(([name, , capability]) => `${name} (${capability})`).join(', ');
  return `expected a card with compute capability ${OLDEST_CAPABILITY}.0 or higher, as from GeForce GTX 10 on, found ${found}`;
}

/** @returns {Promise<string>} what nvidia-smi lists; empty where it says nothing */
export async function listCards() {
  const query = ['--query-gpu=name,driver_version,compute_cap', '--format=csv,noheader'];
  const { code, output } = await run(['nvidia-smi', ...query], { timeoutMs: 10_000 });
  return code === 0 ? output : '';
}

/** Of NVIDIA's packages, the libraries and what compiles for a card. */
const CUDA_FILES = /^nvidia\/\w+\/(lib\/[^/]+\.so[.\d]*|bin\/ptxas|nvvm\/libdevice\/[^/]+)$/;

/**
 * Where a file of NVIDIA's packages belongs below `deps`; null for one that is not needed.
 *
 * @param {string} name path in the wheel
 */
export const cudaTarget = (name) => (CUDA_FILES.test(name) ? name : null);
