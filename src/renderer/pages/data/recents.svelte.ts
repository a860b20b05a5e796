import { SvelteSet } from 'svelte/reactivity';
import type { RecentProject } from '../../../shared/studio.js';
import type { Studio } from '../../state/studio.svelte.js';

/** As long as the message offers to take it back, and a little more. */
const UNDO_MS = 7000;

/** Projects that the user has taken off the list, whose removal can still be taken back. */
const leaving = new SvelteSet<string>();

/** Recent projects without those that are about to go. */
export const listRecents = (studio: Studio): readonly RecentProject[] =>
  studio.project.recents.filter(({ id }) => !leaving.has(id));

/** Takes a project off the list; it is forgotten only when the time to take that back is over. */
export function removeRecent(studio: Studio, { id, name, runs }: RecentProject): void {
  leaving.add(id);
  const remove = async (): Promise<void> => {
    await studio.connection.call('projects.remove', { id });
    await studio.project.refreshRecents();
  };
  const timer = setTimeout(() => void studio.attempt(remove).then(() => leaving.delete(id)), UNDO_MS);
  studio.toasts.show({
    text: `${name} taken off the list`,
    detail:
      runs === 0
        ? 'The pictures stay where they are.'
        : 'The pictures stay where they are; its models go to the trash.',
    action: {
      label: 'Undo',
      run: () => {
        clearTimeout(timer);
        leaving.delete(id);
      },
    },
  });
}
