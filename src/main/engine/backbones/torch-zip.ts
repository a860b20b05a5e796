import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { GraftError, messageOf } from '../../../shared/errors.js';
import type { WeightTensor } from '../graph/types.js';
import { readPickle } from './pickle.js';
import { TORCH_HANDLERS, tensorsOfState } from './torch-state.js';

const fromBuffer = promisify<Buffer, yauzl.Options, ZipFile>(yauzl.fromBuffer);

const fail = (message: string, cause?: unknown): never => {
  throw new GraftError('weights-unreadable', message, cause === undefined ? {} : { cause });
};

async function listEntries(zip: ZipFile): Promise<Entry[]> {
  return await new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on('entry', (entry: Entry) => {
      entries.push(entry);
      zip.readEntry();
    });
    zip.on('end', () => resolve(entries));
    zip.on('error', reject);
    zip.readEntry();
  });
}

/** Bytes of a stored (uncompressed) entry as a view of the file; torch stores all that way. */
function storedBytes(file: Uint8Array, entry: Entry): Uint8Array {
  if (entry.compressionMethod !== 0)
    return fail(`${entry.fileName}: expected a stored entry, received a compressed one`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const header = entry.relativeOffsetOfLocalHeader;
  if (header + 30 > file.length || view.getUint32(header, true) !== 0x04034b50) {
    return fail(`${entry.fileName}: expected a local header at ${header}`);
  }
  const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  if (start + entry.uncompressedSize > file.length) return fail(`${entry.fileName}: the file ends inside it`);
  const bytes = file.subarray(start, start + entry.uncompressedSize);
  // 0 is what torch writes when it is told to compute none (`set_crc32_options`).
  if (entry.crc32 !== 0 && crc32(bytes) !== entry.crc32) {
    return fail(`${entry.fileName}: expected the bytes that were saved, but they have changed: get the file again`);
  }
  return bytes;
}

/**
 * Reads torch's `.pth` as written since torch 1.6: a zip with one pickle, `…/data.pkl`, and a file of raw bytes for each
 * storage, `…/data/<key>`.
 *
 * @throws GraftError `weights-unreadable`, `unsafe-file`
 */
export async function readTorchZip(bytes: Uint8Array): Promise<Map<string, WeightTensor>> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = await fromBuffer(buffer, { lazyEntries: true, validateEntrySizes: true })
    .then(listEntries)
    .catch((cause: unknown) => fail(`expected a zip archive: ${messageOf(cause)}`, cause));
  const pickle = entries.find(({ fileName }) => /(^|\/)data\.pkl$/.test(fileName));
  if (pickle === undefined) return fail('expected data.pkl inside the zip, as torch.save writes it');
  const folder = pickle.fileName.slice(0, -'data.pkl'.length);
  const byName = new Map(entries.map((entry) => [entry.fileName, entry]));
  const order = byName.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(storedBytes(bytes, order)) !== 'little') {
    return fail('expected little-endian storages, received big-endian ones');
  }
  const { value } = readPickle(storedBytes(bytes, pickle), 0, TORCH_HANDLERS);
  return tensorsOfState(value, ({ key }) => {
    const entry = byName.get(`${folder}data/${key}`);
    return entry ? storedBytes(bytes, entry) : fail(`expected the storage data/${key} inside the zip`);
  });
}
