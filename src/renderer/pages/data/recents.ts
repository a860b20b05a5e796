import type { RecentProject } from '../../../shared/studio.js';
import type { Change } from '../../state/history.svelte.js';
import type { Studio } from '../../state/studio.svelte.js';

/** What taking a project off the list needs of the studio. */
export type RecentsStudio = Pick<Studio, 'attempt' | 'history' | 'toasts'> & {
  readonly connection: Pick<Studio['connection'], 'call'>;
};

/** Takes a project off the list, into the trash, from which undo takes it back: by the message's button or from the history. */
export async function removeRecent(studio: RecentsStudio, { id, name, runs }: RecentProject): Promise<void> {
  const { connection, history, toasts } = studio;
  const change: Change = {
    label: `take ${name} off the list`,
    undo: async () => void (await connection.call('projects.restore', { id })),
    redo: async () => void (await connection.call('projects.remove', { id })),
  };
  await studio.attempt(async () => {
    await change.redo();
    history.add(change);
    toasts.show({
      text: `${name} taken off the list`,
      detail:
        runs === 0
          ? 'The pictures stay where they are.'
          : 'The pictures stay where they are; its models are kept in the trash for 30 days.',
      action: { label: 'Undo', run: () => void studio.attempt(() => history.undo(change)) },
    });
  });
}
