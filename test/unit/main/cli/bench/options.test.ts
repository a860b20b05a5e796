import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  checkOptions,
  collectOption,
  listOption,
  madeCounts,
  rowsOption,
  sizeOf,
} from '../../../../../src/main/cli/bench/options.js';
import { copyPictures, makePictures } from '../../../../../src/main/cli/bench/pictures.js';
import { makeFolder, photoBytes, putFile, removeFolder } from '../../../../support/images.js';
import { ROOT } from '../../../../support/shared-data.js';

const folder = makeFolder('bench-pictures');
afterAll(() => removeFolder(folder));

describe('the options of graft bench', () => {
  it('are a quick look unless more is asked for', () => {
    expect(sizeOf({})).toMatchObject({
      preset: 'quick',
      rounds: 1,
      epochs: 2,
      jobEpochs: 15,
      peerJobEpochs: 2,
      batchSize: 16,
    });
    expect(sizeOf({}).groups).not.toContain('many');
    expect(sizeOf({ full: true })).toMatchObject({ preset: 'full', rounds: 3, peerJobEpochs: 15, manyImages: 10_000 });
    expect(sizeOf({ full: true }).groups).toContain('many');
    expect(sizeOf({}).jobBackbone).toBe('efficientnet_lite2');
  });

  it('change the preset', () => {
    const size = sizeOf({
      full: true,
      rounds: 5,
      backbones: ['resnet18', 'resnet34'],
      images: 9,
      jobEpochs: 3,
      rows: ['job'],
    });
    expect(size).toMatchObject({
      ...{ rounds: 5, backbones: ['resnet18', 'resnet34'], jobBackbone: 'resnet18', groups: ['job'] },
      ...{ jobEpochs: 3, peerJobEpochs: 3, counts: { train: 9, val: 5 } },
    });
    expect(madeCounts({ train: Infinity, val: Infinity })).toEqual({ train: 122, val: 76 });
    expect(madeCounts({ train: 9, val: 5 })).toEqual({ train: 9, val: 5 });
  });

  it('are read from lists', () => {
    expect(rowsOption('job, cache')).toEqual(['job', 'cache']);
    expect(() => rowsOption('job,speed')).toThrow(/expected some of frozen,.*received "speed"/);
    expect(listOption('a, b,')).toEqual(['a', 'b']);
    expect(collectOption('b', collectOption('a', undefined))).toEqual(['a', 'b']);
  });

  it('are refused where they contradict each other', () => {
    expect(() => checkOptions({ json: true, markdown: true })).toThrow(/--markdown or --json/);
    expect(() => checkOptions({ report: 'x.json', full: true })).toThrow(/received also --full/);
    expect(() => checkOptions({ report: 'x.json', peers: true })).toThrow(/received also --peers/);
    expect(() => checkOptions({ report: 'x.json', markdown: true })).not.toThrow();
  });
});

describe('the pictures of a benchmark', () => {
  it('are copied class by class, at most so many, and only what everybody reads', async () => {
    const data = join(folder, 'splits');
    const photo = await photoBytes(20, 16, 1);
    for (const split of ['train', 'val']) {
      for (const name of ['a', 'b']) {
        for (let i = 0; i < 3; i++) putFile(join(data, split, name, `${i}.JPG`), photo);
        putFile(join(data, split, name, 'notes.txt'), 'no picture');
        putFile(join(data, split, name, 'moving.gif'), 'no picture for all');
      }
    }
    const target = join(folder, 'copied');
    const pictures = await copyPictures(data, target, { train: 2, val: Infinity });
    expect(pictures).toEqual({ folder: target, classes: ['a', 'b'], images: { train: 4, val: 6 } });
    expect(readdirSync(join(target, 'train', 'a'))).toEqual(['0.jpg', '1.jpg']);
  });

  it('get a validation set where there is none', async () => {
    const data = join(folder, 'classes');
    const photo = await photoBytes(20, 16, 1);
    for (const name of ['a', 'b']) for (let i = 0; i < 7; i++) putFile(join(data, name, `${i}.png`), photo);
    const { images } = await copyPictures(data, join(folder, 'split'), { train: Infinity, val: Infinity });
    expect(images).toEqual({ train: 10, val: 4 });
  });

  it('must be there', async () => {
    const most = { train: 5, val: 5 };
    await expect(copyPictures(join(folder, 'nowhere'), join(folder, 'x'), most)).rejects.toMatchObject({
      code: 'dataset-unusable',
    });
    putFile(join(folder, 'one', 'train', 'a', '1.jpg'), '');
    putFile(join(folder, 'one', 'val', 'a', 'x.txt'), '');
    await expect(copyPictures(join(folder, 'one'), join(folder, 'y'), most)).rejects.toThrow(
      /for val of every class.*"a"/,
    );
  });

  it('are made where none are given', async () => {
    const target = join(folder, 'made');
    const counts = { classes: 2, train: 2, val: 1, width: 64, height: 48 };
    const pictures = await makePictures(target, counts, { root: ROOT, signal: new AbortController().signal });
    expect(pictures).toEqual({ folder: target, classes: ['class-1', 'class-2'], images: { train: 4, val: 2 } });
    expect(readdirSync(join(target, 'train', 'class-2'))).toEqual(['0.jpg', '1.jpg']);
  });
});
