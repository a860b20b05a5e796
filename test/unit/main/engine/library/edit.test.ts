import { describe, expect, it } from 'vitest';
import { applyEdit, type EditTarget } from '../../../../../src/main/engine/library/edit.js';
import type { DatasetEdit } from '../../../../../src/shared/contract.js';
import { createRecipe, parseRecipe, type Recipe } from '../../../../../src/shared/recipe.js';

const target: EditTarget = {
  folders: ['ants', 'bees', 'wasps'],
  folderOf: (image) => (/^(ants|bees|wasps)\/\d\.jpg$/.test(image) ? image.split('/')[0] : undefined),
};
const apply = (recipe: Recipe, edit: DatasetEdit) => applyEdit(recipe, edit, target);
const fresh = createRecipe('/data');

const move = (image: string, className: string | null): DatasetEdit => ({
  kind: 'move',
  moves: [{ image, className }],
});

/** Applies edits one after the other, and then what takes them back, in turn. */
function roundTrip(start: Recipe, edits: readonly DatasetEdit[]): { after: Recipe; back: Recipe } {
  const undos: DatasetEdit[] = [];
  let recipe = start;
  for (const edit of edits) {
    const edited = apply(recipe, edit);
    undos.unshift(edited.undo);
    ({ recipe } = edited);
  }
  const after = recipe;
  for (const undo of undos) ({ recipe } = apply(recipe, undo));
  return { after, back: recipe };
}

describe('applyEdit', () => {
  it('takes every edit back', () => {
    const start: Recipe = {
      ...fresh,
      data: { ...fresh.data, exclude: ['ants/1.jpg'], move: { 'ants/2.jpg': 'Bees!' }, rename: { bees: 'Bees!' } },
      training: { ...fresh.training, classWeights: { ants: 2, 'Bees!': 1 } },
    };
    const { after, back } = roundTrip(start, [
      { kind: 'exclude', images: ['ants/1.jpg', 'bees/1.jpg', 'ants/3.jpg'] },
      { kind: 'include', images: ['ants/1.jpg', 'ants/2.jpg'] },
      move('ants/2.jpg', null),
      { kind: 'move', moves: [{ image: 'bees/1.jpg', className: 'ants' }, { image: 'bees/1.jpg', className: 'wasps' }] }, // prettier-ignore
      { kind: 'rename', from: 'wasps', to: 'hornets' },
      { kind: 'rename', from: 'Bees!', to: 'bees' },
      { kind: 'rename', from: 'ants', to: '螞蟻' },
    ]);
    expect(after.data).toMatchObject({
      exclude: ['ants/3.jpg', 'bees/1.jpg'],
      move: { 'bees/1.jpg': 'hornets' },
      rename: { wasps: 'hornets', ants: '螞蟻' },
    });
    expect(after.training.classWeights).toEqual({ 螞蟻: 2, bees: 1 });
    expect(parseRecipe(after)).toEqual(after);
    expect(back).toEqual(start);
  });

  it('changes nothing, and undoes to nothing, when there is nothing to do', () => {
    const edits: DatasetEdit[] = [
      { kind: 'include', images: ['ants/1.jpg'] },
      { kind: 'rename', from: 'ants', to: 'ants' },
    ];
    for (const edit of edits) {
      const { recipe, undo } = apply(fresh, edit);
      expect(recipe).toBe(fresh);
      expect(apply(fresh, undo).recipe).toBe(fresh);
    }
    const once = apply(fresh, { kind: 'exclude', images: ['ants/1.jpg'] }).recipe;
    const twice = apply(once, { kind: 'exclude', images: ['ants/1.jpg'] });
    expect(apply(once, twice.undo).recipe).toBe(once);
    expect(apply(fresh, move('ants/1.jpg', 'ants')).recipe.data.move).toEqual({});
  });

  it('lets moves follow their class through a rename', () => {
    const moved = apply(fresh, move('ants/1.jpg', 'bees')).recipe;
    const renamed = apply(moved, { kind: 'rename', from: 'bees', to: 'honey bees' }).recipe;
    expect(renamed.data).toMatchObject({ move: { 'ants/1.jpg': 'honey bees' }, rename: { bees: 'honey bees' } });
    expect(apply(renamed, move('bees/1.jpg', 'honey bees')).recipe.data.move).toEqual({ 'ants/1.jpg': 'honey bees' });
  });

  it('takes pictures off the lists that are gone from the folder', () => {
    const stale = { ...fresh, data: { ...fresh.data, exclude: ['old.jpg'], move: { 'old.jpg': 'bees' } } };
    expect(apply(stale, { kind: 'include', images: ['old.jpg'] }).recipe.data.exclude).toEqual([]);
    expect(apply(stale, move('old.jpg', null)).recipe.data.move).toEqual({});
  });

  it.each([
    [{ kind: 'exclude', images: ['ants/1.jpg', 'ants/x.jpg'] }, 'not-found', /"ants\/x.jpg".*one of 2/],
    [{ kind: 'include', images: ['nowhere.jpg'] }, 'not-found', /nowhere/],
    [move('nowhere.jpg', 'ants'), 'not-found', /nowhere/],
    [move('ants/1.jpg', 'beetles'), 'not-found', /"ants", "bees", "wasps", received "beetles"/],
    [{ kind: 'rename', from: 'beetles', to: 'x' }, 'not-found', /beetles/],
    [{ kind: 'rename', from: 'ants', to: 'bees' }, 'already-exists', /"bees" is a class already.*move the pictures/],
    [{ kind: 'rename', from: '__proto__', to: 'x' }, 'not-found', /__proto__/],
    [move('__proto__', 'ants'), 'not-found', /__proto__/],
  ] as [DatasetEdit, string, RegExp][])('refuses %j', (edit, code, message) => {
    expect(() => apply(fresh, edit)).toThrow(expect.objectContaining({ code }) as Error);
    expect(() => apply(fresh, edit)).toThrow(message);
  });
});
