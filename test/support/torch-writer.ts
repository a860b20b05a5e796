import { buffer } from 'node:stream/consumers';
import yazl from 'yazl';
import { encodeSafetensors } from '../../src/main/engine/backbones/safetensors.js';
import type { WeightMap } from '../../src/main/engine/graph/types.js';

/** Formats that a checkpoint can be written in, with the usual ending of a file's name. */
export const CHECKPOINT_FORMATS = { 'torch-zip': 'zip.pth', 'torch-legacy': 'legacy.pth', safetensors: 'safetensors' };
export type CheckpointFormat = keyof typeof CHECKPOINT_FORMATS;

const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];

function int32(value: number): number[] {
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255];
}

/** The instructions of a pickle of protocol 2; Python's pickletools.py names them. */
const PICKLE = {
  document: (...body: readonly number[][]): Buffer => Buffer.from([0x80, 2, ...body.flat(), 0x2e]),
  none: [0x4e],
  false: [0x89],
  integer: (value: number): number[] => [0x4a, ...int32(value)],
  text: (value: string): number[] => [0x58, ...int32(ascii(value).length), ...ascii(value)],
  global: (module: string, name: string): number[] => [0x63, ...ascii(`${module}\n${name}\n`)],
  tuple: (...items: readonly number[][]): number[] => [0x28, ...items.flat(), 0x74],
  list: (...items: readonly number[][]): number[] => [0x5d, 0x28, ...items.flat(), 0x65],
  call: (callee: number[], args: number[]): number[] => [...callee, ...args, 0x52],
  setItems: (target: number[], ...pairs: readonly number[][]): number[] => [...target, 0x28, ...pairs.flat(), 0x75],
  persistent: (id: number[]): number[] => [...id, 0x51],
};

const orderedDict = PICKLE.call(PICKLE.global('collections', 'OrderedDict'), PICKLE.tuple());

/** The pickle of a state dict; storage i is the i-th tensor's. */
function pickleState(weights: WeightMap, isLegacy: boolean): Buffer {
  const entries = [...weights].map(([name, { shape, data }], index) => {
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    const id = PICKLE.tuple(
      PICKLE.text('storage'),
      PICKLE.global('torch', 'FloatStorage'),
      PICKLE.text(String(index)),
      PICKLE.text('cpu'),
      PICKLE.integer(data.length),
      ...(isLegacy ? [PICKLE.none] : []),
    );
    const args = PICKLE.tuple(
      PICKLE.persistent(id),
      PICKLE.integer(0),
      PICKLE.tuple(...shape.map(PICKLE.integer)),
      PICKLE.tuple(...strides.map(PICKLE.integer)),
      PICKLE.false,
      orderedDict,
    );
    return [...PICKLE.text(name), ...PICKLE.call(PICKLE.global('torch._utils', '_rebuild_tensor_v2'), args)];
  });
  return PICKLE.document(PICKLE.setItems(orderedDict, ...entries));
}

const rawBytes = (data: Float32Array): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

async function encodeZip(weights: WeightMap): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  const put = (name: string, bytes: Buffer): void => zip.addBuffer(bytes, `archive/${name}`, { compress: false });
  put('data.pkl', pickleState(weights, false));
  put('byteorder', Buffer.from('little'));
  [...weights.values()].forEach(({ data }, index) => put(`data/${index}`, rawBytes(data)));
  put('version', Buffer.from('3\n'));
  zip.end();
  return await buffer(zip.outputStream);
}

function encodeLegacy(weights: WeightMap): Buffer {
  const magic = [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
  const sizes = ['short', 'int', 'long'].flatMap((name, index) => [
    ...PICKLE.text(name),
    ...PICKLE.integer([2, 4, 4][index]!),
  ]);
  const facts = PICKLE.setItems(
    [0x7d],
    [...PICKLE.text('protocol_version'), ...PICKLE.integer(1001)],
    [...PICKLE.text('little_endian'), 0x88],
    [...PICKLE.text('type_sizes'), ...PICKLE.setItems([0x7d], sizes)],
  );
  const keys = PICKLE.list(...[...weights.keys()].map((_, index) => PICKLE.text(String(index))));
  const storages = [...weights.values()].flatMap(({ data }) => {
    const count = Buffer.alloc(8);
    count.writeBigInt64LE(BigInt(data.length));
    return [count, rawBytes(data)];
  });
  return Buffer.concat([
    PICKLE.document(magic),
    PICKLE.document(PICKLE.integer(1001)),
    PICKLE.document(facts),
    pickleState(weights, true),
    PICKLE.document(keys),
    ...storages,
  ]);
}

/** Encodes weights as a checkpoint that PyTorch (or safetensors) reads too; the machine is little-endian. */
export async function encodeCheckpoint(weights: WeightMap, format: CheckpointFormat): Promise<Uint8Array> {
  switch (format) {
    case 'torch-zip':
      return await encodeZip(weights);
    case 'torch-legacy':
      return encodeLegacy(weights);
    case 'safetensors':
      return encodeSafetensors(weights, { format: 'pt' });
  }
}
