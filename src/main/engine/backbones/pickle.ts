import { GraftError } from '../../../shared/errors.js';
import { fail, PickleReader } from './pickle-reader.js';

/** A name that a pickle refers to; it is never looked up, only compared with the list of known ones. */
export interface PickleGlobal {
  readonly kind: 'global';
  readonly name: string;
}

/** What to do with the two things in a pickle that are not plain data. */
export interface PickleHandlers {
  /** Stands for a call of a known global; throw for an unknown one. */
  reduce(name: string, args: readonly unknown[]): unknown;
  /** Stands for a persistent id. */
  persistent(id: unknown): unknown;
  /** Whether a pickle may name this global at all. */
  isKnown(name: string): boolean;
}

const MARK = Symbol('mark');

/** Pickles of real checkpoints have thousands of items, not millions. */
const MAX_STEPS = 20_000_000;

/** The machine of one pickle: a stack and a memo. */
class Machine {
  private readonly stack: unknown[] = [];
  private readonly memo = new Map<number, unknown>();

  constructor(
    private readonly reader: PickleReader,
    private readonly handlers: PickleHandlers,
  ) {}

  private pop(): unknown {
    if (this.stack.length === 0) return fail('expected a value on the stack');
    const value = this.stack.pop();
    return value === MARK ? fail('expected a value, found a mark') : value;
  }

  private top(): unknown {
    if (this.stack.length === 0) return fail('expected a value on the stack');
    return this.stack.at(-1);
  }

  private popToMark(): unknown[] {
    const start = this.stack.lastIndexOf(MARK);
    if (start < 0) return fail('expected a mark on the stack');
    const items = this.stack.splice(start);
    return items.slice(1);
  }

  private setItems(target: unknown, items: readonly unknown[]): void {
    if (!(target instanceof Map) || items.length % 2 !== 0) fail('expected a dictionary and pairs');
    const map = target as Map<unknown, unknown>;
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  }

  private append(target: unknown, items: readonly unknown[]): void {
    if (!Array.isArray(target)) return fail('expected a list to append to');
    for (const item of items) target.push(item);
  }

  private global(name: string): PickleGlobal {
    if (!this.handlers.isKnown(name)) {
      throw new GraftError(
        'unsafe-file',
        `expected only tensors, received a reference to "${name}": the file asks to run code, which Graft never does`,
        { details: { global: name } },
      );
    }
    return { kind: 'global', name };
  }

  private call(callee: unknown, args: unknown): unknown {
    const isGlobal = typeof callee === 'object' && callee !== null && 'kind' in callee && callee.kind === 'global';
    if (!isGlobal || !Array.isArray(args)) return fail('expected a call of a name with arguments');
    return this.handlers.reduce((callee as PickleGlobal).name, args as unknown[]);
  }

  /** Runs to STOP and returns the value. */
  run(): unknown {
    const { reader, stack, memo } = this;
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      const opcode = reader.u8();
      switch (opcode) {
        case 0x80: // PROTO
          reader.u8();
          break;
        case 0x95: // FRAME
          reader.take(8);
          break;
        case 0x2e: // STOP
          return this.pop();
        case 0x28: // MARK
          stack.push(MARK);
          break;
        case 0x30: // POP
          if (stack.pop() === undefined) return fail('expected a value on the stack');
          break;
        case 0x4e: // NONE
          stack.push(null);
          break;
        case 0x88: // NEWTRUE
          stack.push(true);
          break;
        case 0x89: // NEWFALSE
          stack.push(false);
          break;
        case 0x4b: // BININT1
          stack.push(reader.u8());
          break;
        case 0x4d: // BININT2
          stack.push(reader.u16());
          break;
        case 0x4a: // BININT
          stack.push(reader.i32());
          break;
        case 0x8a: // LONG1
          stack.push(reader.long(reader.u8()));
          break;
        case 0x8b: // LONG4
          stack.push(reader.long(reader.i32()));
          break;
        case 0x47: // BINFLOAT
          stack.push(reader.f64());
          break;
        case 0x58: // BINUNICODE
          stack.push(reader.text(reader.u32()));
          break;
        case 0x8c: // SHORT_BINUNICODE
          stack.push(reader.text(reader.u8()));
          break;
        case 0x8d: // BINUNICODE8
          stack.push(reader.text(reader.u64()));
          break;
        case 0x54: // BINSTRING
          stack.push(reader.text(reader.i32()));
          break;
        case 0x55: // SHORT_BINSTRING
          stack.push(reader.text(reader.u8()));
          break;
        case 0x42: // BINBYTES
          stack.push(reader.take(reader.u32()));
          break;
        case 0x43: // SHORT_BINBYTES
          stack.push(reader.take(reader.u8()));
          break;
        case 0x7d: // EMPTY_DICT
          stack.push(new Map());
          break;
        case 0x5d: // EMPTY_LIST
        case 0x29: // EMPTY_TUPLE
          stack.push([]);
          break;
        case 0x74: // TUPLE
          stack.push(this.popToMark());
          break;
        case 0x85: // TUPLE1
        case 0x86: // TUPLE2
        case 0x87: {
          // TUPLE3
          const items = Array.from({ length: opcode - 0x84 }, () => this.pop());
          stack.push(items.reverse());
          break;
        }
        case 0x73: {
          // SETITEM
          const value = this.pop();
          const key = this.pop();
          this.setItems(this.top(), [key, value]);
          break;
        }
        case 0x75: {
          // SETITEMS
          const items = this.popToMark();
          this.setItems(this.top(), items);
          break;
        }
        case 0x61: {
          // APPEND
          const value = this.pop();
          this.append(this.top(), [value]);
          break;
        }
        case 0x65: {
          // APPENDS
          const items = this.popToMark();
          this.append(this.top(), items);
          break;
        }
        case 0x71: // BINPUT
          memo.set(reader.u8(), this.top());
          break;
        case 0x72: // LONG_BINPUT
          memo.set(reader.u32(), this.top());
          break;
        case 0x94: // MEMOIZE
          memo.set(memo.size, this.top());
          break;
        case 0x68: // BINGET
        case 0x6a: {
          // LONG_BINGET
          const key = opcode === 0x68 ? reader.u8() : reader.u32();
          if (!memo.has(key)) fail(`expected a value under the memo's number ${key}`);
          stack.push(memo.get(key));
          break;
        }
        case 0x63: // GLOBAL
          stack.push(this.global(`${reader.line()}.${reader.line()}`));
          break;
        case 0x93: {
          // STACK_GLOBAL
          const name = this.pop();
          const module = this.pop();
          if (typeof module !== 'string' || typeof name !== 'string') return fail('expected the texts of a name');
          stack.push(this.global(`${module}.${name}`));
          break;
        }
        case 0x52: // REDUCE
        case 0x81: {
          // NEWOBJ
          const args = this.pop();
          stack.push(this.call(this.pop(), args));
          break;
        }
        case 0x62: // BUILD: attributes of an object, such as a state dict's version numbers; no tensor is among them
          this.pop();
          break;
        case 0x51: // BINPERSID
          stack.push(this.handlers.persistent(this.pop()));
          break;
        default:
          return fail(`expected an instruction of a state dict, received 0x${opcode.toString(16)}`);
      }
    }
    return fail(`expected at most ${MAX_STEPS} instructions`);
  }
}

/**
 * Reads one pickle as data: dictionaries become maps, lists and tuples arrays. No class is looked up and nothing is called:
 * the handlers decide what the few names that tensors need stand for.
 *
 * Python's pickletools.py describes the instructions; those that a state dict can hold are known here, others are refused.
 *
 * @param start where the pickle begins; several may follow each other
 * @returns the value, and the position behind the pickle
 * @throws GraftError `unsafe-file` for a name that is not known, `weights-unreadable`
 */
export function readPickle(
  bytes: Uint8Array,
  start: number,
  handlers: PickleHandlers,
): { value: unknown; end: number } {
  const reader = new PickleReader(bytes, start);
  const value = new Machine(reader, handlers).run();
  return { value, end: reader.position };
}
