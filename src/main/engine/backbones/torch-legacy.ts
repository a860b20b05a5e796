import { GraftError } from '../../../shared/errors.js';
import type { WeightTensor } from '../graph/types.js';
import { DTYPE_BYTES } from './dtypes.js';
import { readPickle } from './pickle.js';
import { type StorageRef, TORCH_HANDLERS, tensorsOfState } from './torch-state.js';

const PROTOCOL = 1001;

const fail = (message: string): never => {
  throw new GraftError('weights-unreadable', message);
};

/**
 * Reads torch's `.pth` as written before torch 1.6: pickles of a magic number, the protocol, the machine's facts, the state
 * dict and the storages' keys, then each storage as an 8-byte count and raw values.
 *
 * torch/serialization.py, `_legacy_load`.
 *
 * @throws GraftError `weights-unreadable`, `unsafe-file`
 */
export function readTorchLegacy(bytes: Uint8Array): Map<string, WeightTensor> {
  const storages = new Map<string, StorageRef>();
  const handlers = {
    ...TORCH_HANDLERS,
    persistent: (id: unknown): unknown => {
      // The sixth part is a view of a storage, which torch wrote until 0.4.
      if (Array.isArray(id) && (id[5] ?? null) !== null) return fail('expected whole storages, received a view of one');
      const storage = TORCH_HANDLERS.persistent(id) as StorageRef;
      storages.set(storage.key, storage);
      return storage;
    },
  };
  const magic = readPickle(bytes, 0, handlers);
  const protocol = readPickle(bytes, magic.end, handlers);
  if (protocol.value !== PROTOCOL) return fail(`expected torch's protocol ${PROTOCOL}, received another one`);
  const facts = readPickle(bytes, protocol.end, handlers);
  if (facts.value instanceof Map && facts.value.get('little_endian') === false) {
    return fail('expected little-endian storages, received big-endian ones');
  }
  const state = readPickle(bytes, facts.end, handlers);
  const keys = readPickle(bytes, state.end, handlers);
  const isKeys =
    Array.isArray(keys.value) && keys.value.every((key) => typeof key === 'string' || typeof key === 'number');
  if (!isKeys) return fail('expected a list of storages');

  const raw = new Map<string, Uint8Array>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = keys.end;
  for (const key of (keys.value as (string | number)[]).map(String)) {
    const storage = storages.get(key);
    if (storage === undefined) return fail(`expected storage ${key} to belong to a tensor`);
    if (position + 8 > bytes.length) return fail(`expected storage ${key} at byte ${position}, the file ends there`);
    const size = Number(view.getBigInt64(position, true)) * DTYPE_BYTES[storage.dtype];
    position += 8;
    if (!(size >= 0) || position + size > bytes.length) {
      return fail(`expected ${size} bytes of storage ${key} at byte ${position}, the file has ${bytes.length}`);
    }
    raw.set(key, bytes.subarray(position, position + size));
    position += size;
  }
  return tensorsOfState(state.value, ({ key }) => raw.get(key) ?? fail(`expected the bytes of storage ${key}`));
}
