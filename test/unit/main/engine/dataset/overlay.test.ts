import { describe, expect, it } from 'vitest';
import { applyOverlay, type Overlay, presentNames } from '../../../../../src/main/engine/dataset/overlay.js';
import type { Dataset, DatasetImage, Split } from '../../../../../src/main/engine/dataset/types.js';
import { splitForTraining } from '../../../../../src/main/engine/train/prepare.js';
import { createRecipe } from '../../../../../src/shared/recipe.js';
import { sha256 } from '../../../../support/hash.js';

const CLASSES = ['ants', 'bees', 'empty', 'wasps'];

const image = (className: string, name: string, split: Split = 'train'): DatasetImage => ({
  id: sha256(Buffer.from(`${className}/${name}`)),
  path: `${className}/${name}.jpg`,
  file: `/data/${className}/${name}.jpg`,
  classIndex: CLASSES.indexOf(className),
  split,
  width: 8,
  height: 8,
  sizeBytes: 1,
  format: 'jpeg',
});

const dataset: Dataset = {
  root: '/data',
  layout: 'classes',
  classes: CLASSES,
  images: ['ants', 'bees', 'wasps'].flatMap((name) => ['a', 'b', 'c'].map((file) => image(name, file))),
  problems: [],
  fingerprint: 'of the folder',
};

const apply = (overlay: Partial<Overlay>): Dataset =>
  applyOverlay(dataset, { exclude: [], move: {}, rename: {}, ...overlay });

/** Class by path. */
const placesOf = ({ images, classes }: Dataset): Record<string, string> =>
  Object.fromEntries(images.map(({ path, classIndex }) => [path, classes[classIndex]!]));

describe('applyOverlay', () => {
  it('changes nothing without changes', () => {
    expect(apply({})).toEqual(dataset);
  });

  it('takes out what is left out, and keeps every class that has a picture or never had one', () => {
    const changed = apply({ exclude: ['bees/b.jpg', 'nowhere.jpg'] });
    expect(changed.classes).toEqual(CLASSES);
    expect(changed.images.map(({ path }) => path)).toEqual(
      dataset.images.map(({ path }) => path).filter((path) => path !== 'bees/b.jpg'),
    );
  });

  it('moves pictures to present names; what is left out stays out', () => {
    const changed = apply({
      rename: { bees: 'honeybees' },
      move: { 'ants/a.jpg': 'honeybees', 'bees/a.jpg': 'empty', 'bees/b.jpg': 'ants', 'nowhere.jpg': 'ants' },
      exclude: ['bees/b.jpg'],
    });
    expect(changed.classes).toEqual(['ants', 'honeybees', 'empty', 'wasps']);
    expect(placesOf(changed)).toMatchObject({
      'ants/a.jpg': 'honeybees',
      'ants/b.jpg': 'ants',
      'bees/a.jpg': 'empty',
      'bees/c.jpg': 'honeybees',
    });
    expect(placesOf(changed)).not.toHaveProperty('bees/b.jpg');
  });

  it("keeps the order of the folders' names when classes are renamed, also when names change places", () => {
    const changed = apply({ rename: { ants: 'zebras', bees: 'wasps', wasps: 'bees', gone: 'ants' } });
    expect(changed.classes).toEqual(['zebras', 'wasps', 'empty', 'bees']);
    expect(changed.images).toEqual(dataset.images);
  });

  it('drops a class whose last picture was moved or left out, and closes the gap', () => {
    const changed = apply({
      exclude: ['ants/a.jpg', 'ants/b.jpg'],
      move: { 'ants/c.jpg': 'wasps' },
    });
    expect(changed.classes).toEqual(['bees', 'empty', 'wasps']);
    expect(placesOf(changed)).toMatchObject({ 'ants/c.jpg': 'wasps', 'bees/a.jpg': 'bees', 'wasps/a.jpg': 'wasps' });
  });

  it('gives an emptied class back when a picture is moved into it', () => {
    const changed = apply({
      exclude: ['ants/a.jpg', 'ants/b.jpg', 'ants/c.jpg'],
      move: { 'bees/a.jpg': 'ants' },
    });
    expect(changed.classes).toEqual(CLASSES);
    expect(placesOf(changed)['bees/a.jpg']).toBe('ants');
  });

  it('refuses a move to a class that is not there, by its present name', () => {
    const moving = (target: string) => () => apply({ rename: { bees: 'honeybees' }, move: { 'ants/a.jpg': target } });
    expect(moving('bees')).toThrow(expect.objectContaining({ code: 'invalid-value' }));
    expect(moving('bees')).toThrow(/ants, honeybees, empty, wasps for ants\/a\.jpg, received bees/);
    expect(moving('constructor')).toThrow(expect.objectContaining({ code: 'invalid-value' }));
  });

  it('refuses one name for two classes', () => {
    const renaming = () => presentNames(CLASSES, { ants: 'bees' });
    expect(renaming).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect(renaming).toThrow(/ants and bees are both to be called bees/);
  });

  it('takes names that every object has for what they are', () => {
    expect(presentNames(['constructor', 'toString'], {})).toEqual(['constructor', 'toString']);
  });
});

describe('splitForTraining', () => {
  const { data } = createRecipe('/data');

  it('splits what the overlay leaves, under its names', () => {
    const split = splitForTraining(dataset, {
      ...data,
      rename: { bees: 'honeybees' },
      move: { 'wasps/a.jpg': 'ants', 'wasps/b.jpg': 'ants', 'wasps/c.jpg': 'ants' },
    });
    expect(split.classes).toEqual(['ants', 'honeybees', 'empty']);
    expect(split.images).toHaveLength(9);
    expect(split.training.length + split.validation.length).toBe(9);
    expect(split.images.filter(({ classIndex }) => classIndex === 0)).toHaveLength(6);
  });

  it('puts the same pictures on the same sides when a class is renamed', () => {
    const plain = splitForTraining(dataset, data);
    const renamed = splitForTraining(dataset, { ...data, rename: { ants: 'zebras' } });
    expect({ ...renamed, classes: plain.classes }).toEqual(plain);
  });

  it('says so when one class is left', () => {
    const move = Object.fromEntries(dataset.images.map(({ path }) => [path, 'ants']));
    expect(() => splitForTraining(dataset, { ...data, move })).toThrow(/at least two classes.*\(ants\)/);
  });
});
