import { describe, expect, it } from 'vitest';
import { adviseBatchSize, type BatchSizeFacts } from '../../../../../src/main/engine/planning/batch-size.js';
import { findFreeMemory, parseFreeCardMemory } from '../../../../../src/main/engine/planning/free-memory.js';

const GB = 1e9;
/** 1 GB, and a tenth of one for each picture. */
const facts = (changes: Partial<BatchSizeFacts>): BatchSizeFacts => ({
  batchSize: 16,
  trainImages: 10_000,
  trainsBackbone: true,
  free: { bytes: 100 * GB, of: 'machine' },
  memoryOf: (size) => GB + 0.1 * GB * size,
  ...changes,
});

describe('adviseBatchSize', () => {
  it('leaves what fits as it is', () => {
    expect(adviseBatchSize(facts({}))).toBeNull();
    // 2.6 GB of 3.25 is the share that may be used.
    expect(adviseBatchSize(facts({ free: { bytes: 3.26 * GB, of: 'machine' } }))).toBeNull();
  });

  it('proposes the largest that fits in place of one that does not', () => {
    expect(adviseBatchSize(facts({ free: { bytes: 3.2 * GB, of: 'machine' } }))).toEqual({
      batchSize: 8,
      reason: 'too-large',
    });
    const card = facts({ batchSize: 100, free: { bytes: 6 * GB, of: 'card' } });
    expect(adviseBatchSize(card)).toEqual({ batchSize: 32, reason: 'too-large' });
  });

  it('has nothing to propose where no batch fits, or a smaller one needs as much', () => {
    expect(adviseBatchSize(facts({ free: { bytes: GB, of: 'machine' } }))).toBeNull();
    expect(adviseBatchSize(facts({ free: { bytes: GB, of: 'card' }, memoryOf: () => 2 * GB }))).toBeNull();
  });

  it('fills a graphics card that trains a backbone, while an epoch has steps enough', () => {
    const card = { bytes: 100 * GB, of: 'card' } as const;
    expect(adviseBatchSize(facts({ free: card }))).toEqual({ batchSize: 128, reason: 'room' });
    expect(adviseBatchSize(facts({ free: card, trainImages: 300 }))).toEqual({ batchSize: 32, reason: 'room' });
    expect(adviseBatchSize(facts({ free: card, trainImages: 200 }))).toBeNull();
    expect(adviseBatchSize(facts({ free: { bytes: 6 * GB, of: 'card' } }))).toEqual({ batchSize: 32, reason: 'room' });
    expect(adviseBatchSize(facts({ free: card, trainsBackbone: false }))).toBeNull();
  });
});

describe('free memory', () => {
  it.each([
    ['81089\n', 81089 * 1024 ** 2],
    [' 512\n80000\n', 512 * 1024 ** 2],
    ['[N/A]\n', null],
    ['NVIDIA-SMI has failed because it could not communicate with the driver', null],
    ['', null],
  ])('of a card is read from %j', (output, expected) => {
    expect(parseFreeCardMemory(output)).toBe(expected);
  });

  it("of the machine counts what this process holds, since a run's estimate does, too", async () => {
    const free = await findFreeMemory(false);
    expect(free?.of).toBe('machine');
    expect(free?.bytes).toBeGreaterThan(process.memoryUsage.rss());
  });
});
