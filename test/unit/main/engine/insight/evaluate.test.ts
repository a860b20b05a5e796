import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateRun } from '../../../../../src/main/engine/insight/evaluate.js';
import { createRecipe, type Recipe } from '../../../../../src/shared/recipe.js';
import type { EvaluationReport } from '../../../../../src/shared/reports.js';
import type { Progress } from '../../../../../src/shared/progress.js';
import { classPhoto, writeClassFolder } from '../../../../support/class-folder.js';
import { makeFolder, putFile, removeFolder } from '../../../../support/images.js';
import { writeModelRun } from '../../../../support/model-run.js';

const root = makeFolder('evaluate');
const folder = join(root, 'data');
const CLASSES = ['a', 'b', 'c'];
let runs = 0;

async function makeRun(change: Partial<Recipe['data']> = {}, classes: readonly string[] = CLASSES): Promise<string> {
  const run = join(root, `run-${runs++}`);
  const data = { ...createRecipe(folder).data, ...change };
  await writeModelRun(run, { backbone: 'test_tiny', classes, data });
  return run;
}

/** Evaluates, and tells whether pictures were computed for it. */
async function evaluate(run: string, data: string | null = null, split: 'train' | 'val' = 'val') {
  const seen: Progress[] = [];
  const context = {
    signal: new AbortController().signal,
    onProgress: (progress: Progress) => void seen.push(progress),
  };
  const report = await evaluateRun({ run, data, split }, context);
  return { report, isComputed: seen.some(({ task }) => task === 'evaluate') };
}

const keptFile = (run: string, split: string): string => join(run, `evaluation-${split}.json`);

describe('run.evaluate', () => {
  beforeAll(async () => {
    process.env['GRAFT_HOME'] = join(root, 'home');
    await writeClassFolder(folder, CLASSES, { train: 4, val: 3 });
    putFile(join(folder, 'val', 'a', 'more.jpg'), await classPhoto(0, 77));
  });
  afterAll(() => {
    delete process.env['GRAFT_HOME'];
    removeFolder(root);
  });

  it('says what each picture costs, and what always naming the largest class would score', async () => {
    const { report } = await evaluate(await makeRun());
    expect(report.predictions).toHaveLength(10);
    expect(report.baseline).toBe(0.4);
    for (const { label, probabilities, loss } of report.predictions) {
      expect(loss).toBeCloseTo(-Math.log(probabilities[CLASSES.indexOf(label)]!), 5);
    }
    const mean = report.predictions.reduce((sum, { loss }) => sum + loss, 0) / 10;
    expect(report.loss).toBeCloseTo(mean, 10);
  });

  it('keeps a report for each split, and gives it again without computing', async () => {
    const run = await makeRun();
    const first = await evaluate(run);
    const train = await evaluate(run, null, 'train');
    const second = await evaluate(run);
    expect([first.isComputed, train.isComputed, second.isComputed]).toEqual([true, true, false]);
    expect(second.report).toEqual(first.report);
    expect((await evaluate(run, null, 'train')).report).toEqual(train.report);
    expect(train.report.predictions).toHaveLength(12);
  });

  it('computes anew when pictures, the overlay or the weights have changed', async () => {
    const run = await makeRun();
    await evaluate(run);
    const added = join(folder, 'val', 'b', 'later.jpg');
    putFile(added, await classPhoto(1, 78));
    const grown = await evaluate(run);
    expect(grown).toMatchObject({ isComputed: true });
    expect(grown.report.predictions).toHaveLength(11);
    removeFolder(added);
    await evaluate(run);
    const overlay = await makeRun({ exclude: ['val/a/more.jpg'] });
    putFile(keptFile(overlay, 'val'), readFileSync(keptFile(run, 'val')));
    expect((await evaluate(overlay)).report.predictions).toHaveLength(9);
    const other = await makeRun({}, ['c', 'b', 'a']);
    putFile(keptFile(other, 'val'), readFileSync(keptFile(run, 'val')));
    expect((await evaluate(other)).isComputed).toBe(true);
  });

  it.each(['', '{', '{"key":"x"}', 'null'])('computes anew when what it kept is %j', async (text) => {
    const run = await makeRun();
    const { report } = await evaluate(run);
    putFile(keptFile(run, 'val'), text);
    const again = await evaluate(run);
    expect(again).toEqual({ report, isComputed: true });
    expect((JSON.parse(readFileSync(keptFile(run, 'val'), 'utf8')) as { report: EvaluationReport }).report).toEqual(
      report,
    );
  });

  it('measures pictures where the user has put them, under the names that the user gave', async () => {
    const run = await makeRun({ move: { 'val/a/more.jpg': 'bee' }, rename: { b: 'bee' } }, ['a', 'bee', 'c']);
    const { report } = await evaluate(run);
    expect(report.classes).toEqual(['a', 'bee', 'c']);
    expect(report.predictions.find(({ path }) => path === 'val/a/more.jpg')!.label).toBe('bee');
    expect(report.perClass.map(({ support }) => support)).toEqual([3, 4, 3]);
  });

  it('measures other pictures as they lie, and keeps nothing of them', async () => {
    const foreign = join(root, 'foreign');
    for (const [index, name] of ['a', 'c'].entries()) {
      putFile(join(foreign, name, 'more.jpg'), await classPhoto(index, 500 + index));
      putFile(join(foreign, name, 'other.jpg'), await classPhoto(index, 600 + index));
    }
    const run = await makeRun({ exclude: ['a/more.jpg'], move: { 'c/more.jpg': 'a' } });
    const first = await evaluate(run, foreign);
    expect(first.report.perClass.map(({ support }) => support)).toEqual([2, 0, 2]);
    expect((await evaluate(run, foreign)).isComputed).toBe(true);
    putFile(join(foreign, 'wasp', 'x.jpg'), await classPhoto(1, 700));
    await expect(evaluate(run, foreign)).rejects.toMatchObject({ code: 'dataset-unusable' });
  });
});
