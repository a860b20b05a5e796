import { describe, expect, it } from 'vitest';
import { createNewestFirst } from '../../../../../src/main/engine/library/newest-first.js';

const never = new AbortController().signal;

/** Work that ends when it is told to. */
function createWorkshop() {
  const begun: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const work = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve, reject) => {
      ends.set(name, (error) => (error === undefined ? resolve(name) : reject(error)));
    });
  };
  const end = async (name: string, error?: Error): Promise<void> => {
    ends.get(name)!(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { begun, work, end };
}

describe('createNewestFirst', () => {
  it('runs a few at once, and of those that wait the newest first', async () => {
    const queue = createNewestFirst(2);
    const { begun, work, end } = createWorkshop();
    const results = ['a', 'b', 'c', 'd', 'e'].map((name) => queue.run(name, never, work(name)));
    expect(begun).toEqual(['a', 'b']);
    await end('b');
    expect(begun).toEqual(['a', 'b', 'e']);
    // Asked for again: it goes before the others.
    results.push(queue.run('c', never, work('c again')));
    await end('a');
    expect(begun.at(-1)).toBe('c');
    for (const name of ['c', 'e', 'd']) await end(name);
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd', 'e', 'c']);
    expect(queue.idle()).toBeNull();
  });

  it('drops what nobody waits for any more, and goes on after a failure', async () => {
    const queue = createNewestFirst(1);
    const { begun, work, end } = createWorkshop();
    const [first, second] = [new AbortController(), new AbortController()];
    const failing = queue.run('a', never, work('a'));
    const dropped = queue.run('b', first.signal, work('b'));
    const shared = [first, second].map(({ signal }) => queue.run('c', signal, work('c')));
    const idle = queue.idle()!;
    first.abort();
    await expect(dropped).rejects.toMatchObject({ code: 'cancelled' });
    await expect(shared[0]).rejects.toMatchObject({ code: 'cancelled' });
    const rejected = expect(failing).rejects.toThrow('broken');
    await end('a', new Error('broken'));
    await rejected;
    expect(begun).toEqual(['a', 'c']);
    await end('c');
    expect(await shared[1]).toBe('c');
    await idle;
    await expect(queue.run('d', first.signal, work('d'))).rejects.toMatchObject({ code: 'cancelled' });
    expect(begun).toEqual(['a', 'c']);
  });

  it('lets work end that a caller has left, for others that ask in the meantime', async () => {
    const queue = createNewestFirst(1);
    const { begun, work, end } = createWorkshop();
    const leaving = new AbortController();
    const left = queue.run('a', leaving.signal, work('a'));
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    const again = queue.run('a', never, work('a'));
    await end('a');
    expect(await again).toBe('a');
    expect(begun).toEqual(['a']);
  });
});
