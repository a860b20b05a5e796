import { beforeEach, describe, expect, it, vi } from 'vitest';
import { History } from '../../../../src/renderer/state/history.svelte.js';
import { ProjectState } from '../../../../src/renderer/state/project.svelte.js';
import { GraftError } from '../../../../src/shared/errors.js';
import { createRecipe, type Recipe } from '../../../../src/shared/recipe.js';
import type { Project } from '../../../../src/shared/studio.js';
import { createFakeLine, settle, type FakeLine } from './fake-line.js';

let stored: Project;
let line: FakeLine;
let history: History;
let state: ProjectState;
const onError = vi.fn();

const epochs = (count: number) => (recipe: Recipe) => ({
  ...recipe,
  training: { ...recipe.training, epochs: count },
});

beforeEach(async () => {
  stored = { id: 'p', name: 'photos', path: '/photos', openedAt: '', revision: 1, recipe: createRecipe('/photos') };
  onError.mockClear();
  line = createFakeLine({
    'projects.current': async () => stored,
    'projects.list': async () => [],
    'dataset.summary': async () => null,
    'projects.update': async ({ recipe, revision }) => {
      if (revision !== stored.revision) throw new GraftError('conflict', 'stale');
      stored = { ...stored, recipe, revision: revision + 1 };
      return stored;
    },
    'dataset.edit': async ({ edit }) => {
      if (edit.kind !== 'exclude' && edit.kind !== 'include') throw new GraftError('invalid-value', 'not here');
      return { undo: { kind: edit.kind === 'exclude' ? 'include' : 'exclude', images: edit.images } };
    },
  });
  history = new History();
  state = new ProjectState(line.connection, history, onError);
  await line.connection.open();
  await settle();
});

describe('edits of the recipe', () => {
  it('show at once, are sent when they settle, and count as one step of undo', async () => {
    for (const count of [11, 12, 13]) state.edit('set epochs', epochs(count));
    expect(state.recipe?.training.epochs).toBe(13);
    expect(stored.recipe.training.epochs).toBe(10);
    await state.flush();
    expect(stored).toMatchObject({ revision: 2, recipe: { training: { epochs: 13 } } });
    await history.undo();
    expect(stored.recipe.training.epochs).toBe(10);
    expect(history.redoLabel).toBe('set epochs');
    await history.redo();
    expect(stored.recipe.training.epochs).toBe(13);
    expect(onError).not.toHaveBeenCalled();
  });

  it('of different kinds are different steps', async () => {
    state.edit('set epochs', epochs(20));
    state.edit('fine-tune', (recipe) => ({ ...recipe, mode: 'fine-tune' }));
    await state.flush();
    await history.undo();
    expect(stored.recipe).toMatchObject({ mode: 'freeze', training: { epochs: 20 } });
    await history.undo();
    expect(stored.recipe.training.epochs).toBe(10);
    expect(history.undoLabel).toBeNull();
  });

  it('made on an old state are refused, said, and the newest state is shown', async () => {
    stored = { ...stored, revision: 5, recipe: epochs(99)(stored.recipe) };
    state.edit('set epochs', epochs(3));
    await state.flush();
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'conflict' }));
    expect(state.recipe?.training.epochs).toBe(99);
  });

  it('of another window arrive by events, but not over what is being edited here', async () => {
    line.server.emit('projects.changed', { project: { ...stored, revision: 2, recipe: epochs(7)(stored.recipe) } });
    await settle();
    expect(state.recipe?.training.epochs).toBe(7);
    state.edit('set epochs', epochs(8));
    line.server.emit('projects.changed', { project: { ...stored, revision: 3, recipe: epochs(9)(stored.recipe) } });
    await settle();
    expect(state.recipe?.training.epochs).toBe(8);
  });
});

it('takes a change of the data set back with what undoes it', async () => {
  await state.editDataset('leave out a.jpg', { kind: 'exclude', images: ['a.jpg'] });
  expect(history.undoLabel).toBe('leave out a.jpg');
  await history.undo();
  await history.redo();
  expect(history.redoLabel).toBeNull();
});

it('hands out the change, so that it can be taken back behind a later one', async () => {
  const first = await state.editDataset('leave out a.jpg', { kind: 'exclude', images: ['a.jpg'] });
  await state.editDataset('leave out b.jpg', { kind: 'exclude', images: ['b.jpg'] });
  await history.undo(first);
  expect([history.undoLabel, history.redoLabel]).toEqual(['leave out b.jpg', 'leave out a.jpg']);
});

it('forgets what can be undone when another project opens', async () => {
  state.edit('set epochs', epochs(3));
  await state.flush();
  line.server.emit('projects.changed', { project: { ...stored, id: 'q', path: '/other' } });
  await settle();
  expect(history.undoLabel).toBeNull();
});
