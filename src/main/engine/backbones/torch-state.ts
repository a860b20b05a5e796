import { GraftError } from '../../../shared/errors.js';
import type { WeightTensor } from '../graph/types.js';
import { type DType, DTYPE_BYTES, elementCount, readView } from './dtypes.js';
import type { PickleGlobal, PickleHandlers } from './pickle.js';

/** A storage that tensors are views of. */
export interface StorageRef {
  readonly kind: 'storage';
  readonly dtype: DType;
  readonly key: string;
}

interface TensorRef {
  readonly kind: 'tensor';
  readonly storage: StorageRef;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const STORAGE_TYPES = new Map<string, DType>([
  ['torch.DoubleStorage', 'f64'],
  ['torch.FloatStorage', 'f32'],
  ['torch.HalfStorage', 'f16'],
  ['torch.BFloat16Storage', 'bf16'],
  ['torch.LongStorage', 'i64'],
  ['torch.IntStorage', 'i32'],
  ['torch.ShortStorage', 'i16'],
  ['torch.CharStorage', 'i8'],
  ['torch.ByteStorage', 'u8'],
  ['torch.BoolStorage', 'bool'],
]);

const CALLS = new Set([
  'collections.OrderedDict',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_parameter',
  'torch.Size',
]);

const fail = (message: string): never => {
  throw new GraftError('weights-unreadable', message);
};

const isKind = <K extends string>(value: unknown, kind: K): value is { kind: K } =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'number');

function rebuildTensor(args: readonly unknown[]): TensorRef {
  const [storage, offset, shape, strides] = args;
  if (!isKind(storage, 'storage') || typeof offset !== 'number' || !isSizes(shape) || !isSizes(strides)) {
    return fail('expected storage, offset, size and stride of a tensor');
  }
  if (shape.length !== strides.length) return fail(`expected ${shape.length} strides, received ${strides.length}`);
  return { kind: 'tensor', storage: storage as StorageRef, offset, shape, strides };
}

/** What torch's pickles are allowed to contain. */
export const TORCH_HANDLERS: PickleHandlers = {
  isKnown: (name) => CALLS.has(name) || STORAGE_TYPES.has(name),
  reduce(name, args) {
    switch (name) {
      case 'collections.OrderedDict': {
        const [pairs] = args;
        const isPairs = Array.isArray(pairs) && pairs.every((pair) => Array.isArray(pair) && pair.length === 2);
        return new Map(isPairs ? (pairs as [unknown, unknown][]) : []);
      }
      case 'torch._utils._rebuild_tensor_v2':
        return rebuildTensor(args);
      case 'torch._utils._rebuild_parameter':
      case 'torch.Size':
        return args[0];
      default:
        return fail(`expected a call that builds a tensor, received ${name}`);
    }
  },
  persistent(id) {
    const [tag, type, key] = Array.isArray(id) ? (id as unknown[]) : [];
    const dtype = isKind(type, 'global') ? STORAGE_TYPES.get((type as PickleGlobal).name) : undefined;
    if (tag !== 'storage' || dtype === undefined || (typeof key !== 'string' && typeof key !== 'number')) {
      // What came is not shown: it may be nested without end.
      return fail('expected a storage: its type and its key');
    }
    return { kind: 'storage', dtype, key: String(key) } satisfies StorageRef;
  },
};

/** Names under which training scripts put the state dict beside other things. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model'];
/** Values that views may repeat beyond what the storages hold. */
const MAX_REPEATED_VALUES = 2 ** 24;
/** What `DataParallel` puts before every name. */
const PARALLEL_PREFIX = 'module.';

/**
 * Turns an unpickled checkpoint into tensors. Looks through the usual wrappers and prefixes; values that are no tensors,
 * such as an epoch's number, are passed over.
 *
 * @param storageBytes the raw bytes of a storage
 */
export function tensorsOfState(
  value: unknown,
  storageBytes: (storage: StorageRef) => Uint8Array,
  depth = 0,
): Map<string, WeightTensor> {
  // A pickle can nest a dictionary in itself.
  if (!(value instanceof Map) || depth > WRAPPERS.length) return fail('expected a state dict: names with tensors');
  // Before the tensors beside it: PyTorch's own ImageNet script saves its best accuracy as one.
  const wrapper = WRAPPERS.find((name) => value.get(name) instanceof Map);
  if (wrapper !== undefined) return tensorsOfState(value.get(wrapper), storageBytes, depth + 1);
  const entries = [...(value as Map<unknown, unknown>)].filter(
    (entry): entry is [string, TensorRef] => typeof entry[0] === 'string' && isKind(entry[1], 'tensor'),
  );
  if (entries.length === 0) return fail('expected a state dict, found no tensors');
  const isParallel = entries.every(([name]) => name.startsWith(PARALLEL_PREFIX));
  const tensors = new Map<string, WeightTensor>();
  const counted = new Set<string>();
  let room = MAX_REPEATED_VALUES;
  for (const [fullName, { storage, offset, shape, strides }] of entries) {
    const name = isParallel ? fullName.slice(PARALLEL_PREFIX.length) : fullName;
    const bytes = storageBytes(storage);
    if (!counted.has(storage.key)) room += bytes.length / DTYPE_BYTES[storage.dtype];
    counted.add(storage.key);
    // Views can repeat a storage without end (a stride of 0): a small file would fill the memory.
    room -= elementCount(shape);
    if (room < 0) return fail(`${name}: expected tensors about as large as their storages, received far larger ones`);
    tensors.set(name, {
      shape: [...shape],
      data: readView(bytes, { dtype: storage.dtype, shape, strides, offset }, name),
    });
  }
  return tensors;
}
