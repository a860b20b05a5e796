import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PAGE_SIZE, type Page, PagedList } from '../../../../src/renderer/state/paged-list.svelte.js';

interface Request {
  readonly query: string;
  readonly offset: number;
  readonly limit: number;
  readonly signal: AbortSignal;
  answer(total: number, revision: number): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** Requests as they come, answered by the test; items are `query:place@revision`. */
function createFake(): { list: PagedList<string, string>; requests: Request[] } {
  const requests: Request[] = [];
  const list = new PagedList<string, string>(
    (query, offset, limit, signal) =>
      new Promise<Page<string>>((resolve, reject) => {
        requests.push({
          query,
          offset,
          limit,
          signal,
          async answer(total, revision) {
            const length = Math.max(0, Math.min(limit, total - offset));
            resolve({ total, revision, items: Array.from({ length }, (_, i) => `${query}:${offset + i}@${revision}`) });
            await vi.advanceTimersByTimeAsync(0);
          },
          async fail(error) {
            reject(error as Error);
            await vi.advanceTimersByTimeAsync(0);
          },
        });
      }),
  );
  return { list, requests };
}

const offsets = (requests: readonly Request[]): number[] => requests.map(({ offset }) => offset);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function openList(total = 10_000) {
  const fake = createFake();
  fake.list.follow('all', 1);
  await fake.requests[0]!.answer(total, 1);
  return fake;
}

describe('a list by pages', () => {
  it('asks for its beginning first, and has items once they have come', async () => {
    const { list, requests } = createFake();
    list.follow('all', 1);
    expect(requests).toMatchObject([{ query: 'all', offset: 0, limit: PAGE_SIZE }]);
    expect(list.isLoaded).toBe(false);
    expect(list.at(0)).toBeNull();
    await requests[0]!.answer(10_000, 1);
    expect(list.total).toBe(10_000);
    expect(list.at(7)).toBe('all:7@1');
    expect(list.at(PAGE_SIZE)).toBeNull();
  });

  it('loads what is in view and calls off what has scrolled away', async () => {
    const { list, requests } = await openList();
    list.show(3 * PAGE_SIZE, 4 * PAGE_SIZE + 5);
    expect(offsets(requests.slice(1))).toEqual([3 * PAGE_SIZE, 4 * PAGE_SIZE]);
    list.show(4 * PAGE_SIZE, 4 * PAGE_SIZE + 20);
    expect(requests[1]!.signal.aborted).toBe(true);
    expect(requests[2]!.signal.aborted).toBe(false);
    await requests[2]!.answer(10_000, 1);
    expect(list.at(4 * PAGE_SIZE + 1)).toBe(`all:${4 * PAGE_SIZE + 1}@1`);
    list.show(4 * PAGE_SIZE, 4 * PAGE_SIZE + 30);
    expect(requests).toHaveLength(3);
  });

  it('keeps what is shown while a newer state of it is on its way, and asks for that no more than often enough', async () => {
    const { list, requests } = await openList();
    list.follow('all', 2);
    await vi.advanceTimersByTimeAsync(0);
    expect(requests).toHaveLength(2);
    list.follow('all', 3);
    await requests[1]!.answer(10_000, 2);
    expect(list.at(0)).toBe('all:0@2');
    await vi.advanceTimersByTimeAsync(100);
    expect(requests).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(400);
    expect(requests).toHaveLength(3);
    await requests[2]!.answer(9999, 3);
    expect(list.at(0)).toBe('all:0@3');
    expect(list.total).toBe(9999);
    expect(list.generation).toBe(1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(requests).toHaveLength(3);
  });

  it('turns to another list only when that has come, and says so', async () => {
    const { list, requests } = await openList();
    list.follow('ants', 1);
    expect(list.at(0)).toBe('all:0@1');
    expect(list.generation).toBe(1);
    list.show(0, 30);
    await requests[1]!.answer(12, 1);
    expect(list.generation).toBe(2);
    expect(list.total).toBe(12);
    expect(list.at(0)).toBe('ants:0@1');
    expect(list.at(12)).toBeNull();
    list.follow('bees', 1);
    list.follow('ants', 1);
    expect(requests[2]!.signal.aborted).toBe(true);
  });

  it('keeps no more than so many pages', async () => {
    const { list, requests } = await openList(100_000);
    for (let page = 1; page < 100; page++) {
      list.show(page * PAGE_SIZE, page * PAGE_SIZE);
      await requests.at(-1)!.answer(100_000, 1);
    }
    expect(list.at(99 * PAGE_SIZE)).not.toBeNull();
    expect(list.at(98 * PAGE_SIZE)).not.toBeNull();
    expect(list.at(5 * PAGE_SIZE)).toBeNull();
  });

  it('stops at an error until it is asked to try again', async () => {
    const { list, requests } = await openList();
    list.show(PAGE_SIZE, PAGE_SIZE);
    const error = new Error('gone');
    await requests[1]!.fail(error);
    expect(list.error).toBe(error);
    list.show(2 * PAGE_SIZE, 2 * PAGE_SIZE);
    expect(requests).toHaveLength(2);
    list.retry();
    expect(list.error).toBeNull();
    expect(offsets(requests.slice(2))).toEqual([2 * PAGE_SIZE]);
  });

  it('gives the items of ranges, from what is here and else by asking', async () => {
    const { list, requests } = await openList(5000);
    const items = list.items([
      { first: 3, last: 4 },
      { first: 1000, last: 2500 },
    ]);
    await vi.advanceTimersByTimeAsync(0);
    expect(requests.at(-1)).toMatchObject({ offset: 1000, limit: 1000 });
    await requests.at(-1)!.answer(5000, 1);
    expect(requests.at(-1)).toMatchObject({ offset: 2000, limit: 501 });
    await requests.at(-1)!.answer(5000, 1);
    expect(await items).toHaveLength(2 + 1501);
    expect((await items).slice(0, 3)).toEqual(['all:3@1', 'all:4@1', 'all:1000@1']);
  });

  it('gives no items of a list that has changed meanwhile', async () => {
    const { list, requests } = await openList(5000);
    const items = expect(list.items([{ first: 1000, last: 1001 }])).rejects.toMatchObject({ code: 'conflict' });
    await vi.advanceTimersByTimeAsync(0);
    await requests.at(-1)!.answer(4999, 2);
    await items;
  });

  it('asks for nothing after its end', async () => {
    const { list, requests } = await openList();
    list.follow('all', 2);
    list.dispose();
    await vi.advanceTimersByTimeAsync(1000);
    expect(requests).toHaveLength(1);
  });
});
