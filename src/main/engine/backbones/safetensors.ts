import * as v from 'valibot';
import { GraftError, messageOf } from '../../../shared/errors.js';
import type { WeightMap, WeightTensor } from '../graph/types.js';
import { contiguousStrides, type DType, DTYPE_BYTES, elementCount, IS_LITTLE_ENDIAN, readView } from './dtypes.js';

const MAX_HEADER_BYTES = 100 * 1024 * 1024;

const DTYPES = new Map<string, DType>([
  ['F64', 'f64'],
  ['F32', 'f32'],
  ['F16', 'f16'],
  ['BF16', 'bf16'],
  ['I64', 'i64'],
  ['I32', 'i32'],
  ['I16', 'i16'],
  ['I8', 'i8'],
  ['U8', 'u8'],
  ['BOOL', 'bool'],
]);

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const entrySchema = v.strictObject({ dtype: v.string(), shape: v.array(count), data_offsets: v.tuple([count, count]) });
const metadataSchema = v.record(v.string(), v.string());

const fail = (message: string, cause?: unknown): never => {
  throw new GraftError('weights-unreadable', message, cause === undefined ? {} : { cause });
};

interface Header {
  readonly entries: readonly (readonly [name: string, entry: v.InferOutput<typeof entrySchema>])[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the tensors' bytes begin. */
  readonly start: number;
}

function readHeader(bytes: Uint8Array): Header {
  if (bytes.length < 8) return fail(`expected a checkpoint, received ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES || 8 + length > bytes.length) {
    return fail(
      'expected a safetensors, torch zip or torch legacy checkpoint; the first bytes are those of none of the three, or the file is cut off',
    );
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (cause) {
    return fail(`expected a safetensors header in JSON: ${messageOf(cause)}`, cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return fail('expected an object as header');
  let metadata: Record<string, string> = {};
  const entries: [string, v.InferOutput<typeof entrySchema>][] = [];
  for (const [name, value] of Object.entries(parsed as Record<string, unknown>)) {
    if (name === '__metadata__') {
      if (!v.is(metadataSchema, value)) return fail('expected texts in the header\'s "__metadata__"');
      metadata = value;
    } else if (v.is(entrySchema, value)) entries.push([name, value]);
    else return fail(`header, ${name}: expected dtype, shape and data_offsets, and nothing else`);
  }
  return { entries, metadata, start: 8 + length };
}

/**
 * Reads a safetensors file: an 8-byte length, a JSON header, raw bytes. Tensors must follow each other without gaps, and
 * nothing may follow them.
 *
 * https://github.com/huggingface/safetensors#format
 *
 * @throws GraftError `weights-unreadable`
 */
export function readSafetensors(bytes: Uint8Array): Map<string, WeightTensor> {
  const { entries, start } = readHeader(bytes);
  const ordered = [...entries].sort(
    // An empty tensor begins where its neighbour begins, and comes before it.
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  );
  let position = 0;
  const tensors = new Map<string, WeightTensor>();
  for (const [name, { dtype: dtypeName, shape, data_offsets: offsets }] of ordered) {
    const dtype = DTYPES.get(dtypeName);
    if (dtype === undefined)
      return fail(`${name}: expected a type among ${[...DTYPES.keys()].join(', ')}, received ${dtypeName}`);
    const size = elementCount(shape) * DTYPE_BYTES[dtype];
    if (offsets[0] !== position || offsets[1] !== position + size) {
      return fail(`${name}: expected bytes ${position} to ${position + size}, received ${offsets[0]} to ${offsets[1]}`);
    }
    position += size;
    if (start + position > bytes.length) {
      return fail(`${name}: expected ${start + position} bytes, the file ends after ${bytes.length}`);
    }
    const storage = bytes.subarray(start + offsets[0], start + offsets[1]);
    const data = readView(storage, { dtype, shape, strides: contiguousStrides(shape), offset: 0 }, name);
    tensors.set(name, { shape, data });
  }
  if (start + position !== bytes.length) {
    return fail(`expected ${start + position} bytes, received ${bytes.length}: something follows the last tensor`);
  }
  return tensors;
}

/** The texts in a file's `__metadata__`. */
export function readSafetensorsMetadata(bytes: Uint8Array): Readonly<Record<string, string>> {
  return readHeader(bytes).metadata;
}

/** Encodes what precedes the values of tensors, float32, in the map's order. */
export function encodeSafetensorsHeader(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: [string, unknown][] = [['__metadata__', metadata]];
  let position = 0;
  for (const [name, { shape }] of tensors) {
    const end = position + elementCount(shape) * Float32Array.BYTES_PER_ELEMENT;
    header.push([name, { dtype: 'F32', shape, data_offsets: [position, end] }]);
    position = end;
  }
  const text = JSON.stringify(Object.fromEntries(header));
  // Padded with spaces so that the tensors begin at a multiple of 8, as the reference writer does.
  const json = new TextEncoder().encode(
    text.padEnd(text.length + ((8 - (new TextEncoder().encode(text).length % 8)) % 8)),
  );
  const bytes = new Uint8Array(8 + json.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

/** A tensor's values as a safetensors file holds them; a view where the machine keeps them alike. */
export function encodeSafetensorsValues(data: Float32Array): Uint8Array {
  if (IS_LITTLE_ENDIAN) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const bytes = new Uint8Array(data.byteLength);
  const view = new DataView(bytes.buffer);
  data.forEach((value, index) => view.setFloat32(index * 4, value, true));
  return bytes;
}

/** The parts of a safetensors file, float32, in the map's order: written one by one they need no copy of the whole. */
export function* safetensorsParts(
  weights: WeightMap,
  metadata: Readonly<Record<string, string>>,
): Generator<Uint8Array> {
  yield encodeSafetensorsHeader(weights, metadata);
  for (const { data } of weights.values()) yield encodeSafetensorsValues(data);
}

/** Encodes tensors as a safetensors file, float32, in the map's order. */
export function encodeSafetensors(weights: WeightMap, metadata: Readonly<Record<string, string>>): Uint8Array {
  return Buffer.concat([...safetensorsParts(weights, metadata)]);
}
