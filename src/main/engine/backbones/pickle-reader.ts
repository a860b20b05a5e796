import { GraftError } from '../../../shared/errors.js';

/** Longest number in bytes; torch's magic number has ten. */
const MAX_LONG_BYTES = 64;
/** Longest text in bytes; names of tensors are far shorter. */
const MAX_TEXT_BYTES = 1 << 20;

/** Refuses a pickle. */
export function fail(message: string): never {
  throw new GraftError('weights-unreadable', `pickle: ${message}`);
}

/** Reads the bytes of a pickle in order and refuses to run past their end (GraftError `weights-unreadable`). */
export class PickleReader {
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    public position: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  private advance(length: number): number {
    const start = this.position;
    if (!(length >= 0) || start + length > this.bytes.length) {
      return fail(`expected ${length} more bytes at ${start}, the data ends after ${this.bytes.length}`);
    }
    this.position += length;
    return start;
  }

  u8 = (): number => this.view.getUint8(this.advance(1));
  u16 = (): number => this.view.getUint16(this.advance(2), true);
  u32 = (): number => this.view.getUint32(this.advance(4), true);
  i32 = (): number => this.view.getInt32(this.advance(4), true);
  u64 = (): number => Number(this.view.getBigUint64(this.advance(8), true));
  f64 = (): number => this.view.getFloat64(this.advance(8), false);

  take(length: number): Uint8Array {
    const start = this.advance(length);
    return this.bytes.subarray(start, start + length);
  }

  text(length: number): string {
    if (length > MAX_TEXT_BYTES) return fail(`expected a text of at most ${MAX_TEXT_BYTES} bytes, received ${length}`);
    return new TextDecoder().decode(this.take(length));
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.position);
    if (end < 0) return fail(`expected a line's end after ${this.position}`);
    const text = this.text(end - this.position);
    this.position++;
    return text;
  }

  /** Two's complement, little-endian, of any length; numbers beyond 2^53 lose digits, which no tensor's size has. */
  long(length: number): number {
    if (length > MAX_LONG_BYTES)
      return fail(`expected a number of at most ${MAX_LONG_BYTES} bytes, received ${length}`);
    let value = 0n;
    const bytes = this.take(length);
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
    if (length > 0 && bytes[length - 1]! >= 0x80) value -= 1n << BigInt(8 * length);
    return Number(value);
  }
}
