import { GraftError } from '../../../shared/errors.js';

/** Element types that a checkpoint may hold. */
export type DType = 'f64' | 'f32' | 'f16' | 'bf16' | 'i64' | 'i32' | 'i16' | 'i8' | 'u8' | 'bool';

export const DTYPE_BYTES: Readonly<Record<DType, number>> = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  i64: 8,
  i32: 4,
  i16: 2,
  i8: 1,
  u8: 1,
  bool: 1,
};

/** IEEE half precision to single. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const BFLOAT = new DataView(new ArrayBuffer(4));

/** One element, little-endian. */
const READERS: Readonly<Record<DType, (view: DataView, offset: number) => number>> = {
  f64: (view, offset) => view.getFloat64(offset, true),
  f32: (view, offset) => view.getFloat32(offset, true),
  f16: (view, offset) => halfToFloat(view.getUint16(offset, true)),
  bf16: (view, offset) => {
    BFLOAT.setUint32(0, view.getUint16(offset, true) << 16);
    return BFLOAT.getFloat32(0);
  },
  i64: (view, offset) => Number(view.getBigInt64(offset, true)),
  i32: (view, offset) => view.getInt32(offset, true),
  i16: (view, offset) => view.getInt16(offset, true),
  i8: (view, offset) => view.getInt8(offset),
  u8: (view, offset) => view.getUint8(offset),
  bool: (view, offset) => (view.getUint8(offset) === 0 ? 0 : 1),
};

/** Whether this machine keeps numbers as the files do. */
export const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** A tensor as a view of raw little-endian elements. */
export interface StridedView {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** In elements, by axis. */
  readonly strides: readonly number[];
  /** Of the first element, in elements. */
  readonly offset: number;
}

/** Strides of a row-major tensor, in elements. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Number of elements; refuses what no array can hold. */
export function elementCount(shape: readonly number[]): number {
  const count = shape.reduce((a, b) => a * b, 1);
  if (shape.some((length) => !Number.isSafeInteger(length) || length < 0) || count > 2 ** 30) {
    throw new GraftError(
      'weights-unreadable',
      `expected a tensor of at most 2^30 values, received [${shape.join(', ')}]`,
    );
  }
  return count;
}

/**
 * Reads a view of raw bytes as row-major float32.
 *
 * @param bytes the storage
 * @throws GraftError `weights-unreadable` when the view reaches outside the storage
 */
export function readView(bytes: Uint8Array, view: StridedView, name: string): Float32Array {
  const { dtype, shape, strides, offset } = view;
  const count = elementCount(shape);
  const width = DTYPE_BYTES[dtype];
  if (count === 0) return new Float32Array(0);
  const last = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, offset);
  const isSane = [...strides, offset].every((value) => Number.isSafeInteger(value) && value >= 0);
  // Strides of 0 would let a few bytes unfold to any size; no checkpoint of weights has them.
  const isLarger = count * width > bytes.byteLength;
  if (!isSane || isLarger || (last + 1) * width > bytes.byteLength) {
    throw new GraftError(
      'weights-unreadable',
      `${name}: expected a tensor inside its storage of ${bytes.byteLength} bytes, received one of ${count} values that ends at byte ${(last + 1) * width}`,
    );
  }
  const expected = contiguousStrides(shape);
  // The stride of an axis of length 1 means nothing, and torch leaves odd ones there.
  const isContiguous = shape.every((length, axis) => length === 1 || strides[axis] === expected[axis]);
  if (isContiguous && dtype === 'f32' && IS_LITTLE_ENDIAN) {
    const copy = bytes.slice(offset * 4, (offset + count) * 4);
    return new Float32Array(copy.buffer, copy.byteOffset, count);
  }
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = READERS[dtype];
  const values = new Float32Array(count);
  const index = new Array<number>(shape.length).fill(0);
  let position = offset;
  for (let i = 0; i < count; i++) {
    values[i] = read(data, position * width);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      position -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return values;
}
