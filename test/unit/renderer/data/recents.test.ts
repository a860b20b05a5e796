import { expect, it } from 'vitest';
import { removeRecent, type RecentsStudio } from '../../../../src/renderer/pages/data/recents.js';
import { History } from '../../../../src/renderer/state/history.svelte.js';
import type { Toast } from '../../../../src/renderer/state/toasts.svelte.js';
import type { RecentProject } from '../../../../src/shared/studio.js';

const recent = (id: string, runs = 0): RecentProject => ({
  ...{ id, name: id.toUpperCase(), path: `/${id}`, openedAt: '', runs, isMissing: false },
});

function fakeStudio(refuse: string | null = null) {
  const calls: string[] = [];
  const toasts: Partial<Toast>[] = [];
  const errors: unknown[] = [];
  const studio = {
    history: new History(),
    toasts: { show: (toast: Partial<Toast>) => void toasts.push(toast) },
    connection: {
      call: async (method: string, { id }: { id: string }) => {
        if (method === refuse) throw new Error(refuse);
        calls.push(`${method} ${id}`);
      },
    },
    attempt: async (work: () => Promise<void>) => {
      await work().catch((error: unknown) => errors.push(error));
      return errors.length === 0;
    },
  } as unknown as RecentsStudio;
  return { studio, calls, toasts, errors };
}

it('a project goes to the trash at once, and comes back by the message of its own or from the history', async () => {
  const { studio, calls, toasts } = fakeStudio();
  await removeRecent(studio, recent('a', 2));
  await removeRecent(studio, recent('b'));
  expect(toasts.map(({ text }) => text)).toEqual(['A taken off the list', 'B taken off the list']);
  expect(toasts[0]!.detail).toMatch(/models are kept in the trash for 30 days/);
  toasts[0]!.action!.run();
  await expect.poll(() => calls.at(-1)).toBe('projects.restore a');
  toasts[0]!.action!.run();
  expect(studio.history.undoLabel).toBe('take B off the list');
  await studio.history.undo();
  await studio.history.redo();
  expect(calls).toEqual([
    ...['projects.remove a', 'projects.remove b', 'projects.restore a', 'projects.restore b', 'projects.remove b'],
  ]);
});

it('one that could not be removed is neither told of as gone nor in the history', async () => {
  const { studio, toasts, errors } = fakeStudio('projects.remove');
  await removeRecent(studio, recent('a'));
  expect([toasts, errors.length, studio.history.undoLabel]).toEqual([[], 1, null]);
});
