import { describe, expect, it } from 'vitest';
import { classHints } from '../../../../src/renderer/pages/data/class-hints.js';
import { chooseExample, framingWords } from '../../../../src/renderer/pages/data/framing-example.js';
import { isShownInGrid, problemWords } from '../../../../src/renderer/pages/data/problem-words.js';
import { cancelledLine, scanLine } from '../../../../src/renderer/pages/data/scan-line.js';
import type { ClassSummary, DatasetSummary, ImageItem } from '../../../../src/shared/studio.js';

const of = (name: string, train: number, val = 10): ClassSummary => ({
  name,
  folder: name,
  train,
  val,
  test: 0,
  excluded: 0,
});

function summaryOf(classes: readonly ClassSummary[], rest: Partial<DatasetSummary> = {}): DatasetSummary {
  const sum = (split: 'train' | 'val' | 'test'): number => classes.reduce((total, one) => total + one[split], 0);
  const splits = { train: sum('train'), val: sum('val'), test: sum('test') };
  return {
    project: 'p',
    revision: 1,
    state: 'ready',
    scan: null,
    error: null,
    layout: 'classes',
    hasOwnSplit: false,
    classes,
    images: splits.train + splits.val + splits.test,
    excluded: 0,
    splits,
    problems: [],
    fingerprint: 'f',
    ...rest,
  };
}

describe('hints about classes', () => {
  it('has none for a balanced set of some size, and none while the scan runs', () => {
    expect(classHints(summaryOf([of('ants', 120, 70), of('bees', 124, 83)]))).toEqual([]);
    expect(classHints(summaryOf([of('ants', 2)], { state: 'scanning' }))).toEqual([]);
  });

  it('says that one class is none to tell apart', () => {
    expect(classHints(summaryOf([of('ants', 120, 70)]))[0]).toMatch(/at least two/);
    expect(classHints(summaryOf([of('ants', 120, 70), of('bees', 0, 0)]))[0]).toMatch(/at least two/);
  });

  it('names small classes, the imbalance, and classes that nothing validates', () => {
    const hints = classHints(summaryOf([of('ants', 100, 60), of('bees', 8, 0)]));
    expect(hints).toHaveLength(3);
    expect(hints[0]).toMatch(/“bees”.*8 pictures/);
    expect(hints[1]).toMatch(/“ants” has 13 times.*“bees”/);
    expect(hints[2]).toMatch(/No validation pictures of “bees”/);
  });

  it('names three of many small classes', () => {
    const many = ['a', 'b', 'c', 'd', 'e'].map((name) => of(name, 5, 20));
    expect(classHints(summaryOf(many))[0]).toMatch(/“a”, “b”, “c” and 2 more/);
  });

  it('says that nothing is left to validate with, where the folder leaves that to Graft', () => {
    const single = [of('ants', 30, 0), of('bees', 30, 0)];
    expect(classHints(summaryOf(single))).toEqual([expect.stringMatching(/No picture is left to validate with/)]);
    expect(classHints(summaryOf(single, { hasOwnSplit: true }))).toEqual([]);
  });

  it('says how coarse a small validation set is', () => {
    expect(classHints(summaryOf([of('ants', 100, 10), of('bees', 100, 10)]))).toEqual([
      'With 20 validation pictures, a single mistake moves the accuracy by 5 points.',
    ]);
  });
});

describe('the line below the name', () => {
  const classes = [of('ants', 120, 73), of('bees', 121, 83)];

  it('says what there is and where', () => {
    expect(scanLine(summaryOf(classes), '/data/insects')).toBe('397 pictures, 2 classes · /data/insects');
    expect(scanLine(summaryOf(classes, { excluded: 3 }), '/d')).toBe('397 pictures, 2 classes, 3 left out · /d');
    expect(scanLine(null, '/d')).toBe('/d');
    expect(scanLine(summaryOf([], { state: 'failed' }), '/d')).toBe('/d');
  });

  it('says how far the scan is', () => {
    const at = (scan: DatasetSummary['scan'], found = classes): string =>
      scanLine(summaryOf(found, { state: 'scanning', scan }), '/d');
    expect(at({ done: 0, total: null, secondsLeft: null }, [])).toBe('Looking for pictures');
    expect(at({ done: 0, total: null, secondsLeft: null })).toBe('Looking for pictures, 397 so far');
    expect(at({ done: 1200, total: 5000, secondsLeft: 18 })).toBe('Looked at 1,200 of 5,000 pictures, about 20 s left');
  });
});

describe('framing in words', () => {
  const picture = (width: number, height: number): ImageItem => ({
    path: `${width}x${height}.jpg`,
    hash: '',
    className: 'ants',
    split: 'train',
    width,
    height,
    isExcluded: false,
    problem: null,
  });

  it('shows a picture as cameras make them, else the longest', () => {
    expect(chooseExample([picture(0, 0), picture(100, 100), picture(900, 100), picture(640, 480)])?.width).toBe(640);
    expect(chooseExample([picture(100, 100), picture(100, 300)])?.height).toBe(300);
    expect(chooseExample([picture(0, 0)])).toBeNull();
  });

  it('shows no file that is no picture', () => {
    const problem = { code: 'truncated', severity: 'excluded', message: '' } as const;
    expect(chooseExample([{ ...picture(640, 480), problem }])).toBeNull();
  });

  it('says how much is lost', () => {
    expect(framingWords('crop', 0.341)).toMatch(/34 % of this picture is cut away/);
    expect(framingWords('crop', 0)).toBe('The middle square is used.');
    expect(framingWords('squash', 0)).toMatch(/proportions change/);
    expect(framingWords('letterbox', 0)).toMatch(/bars/);
  });
});

describe('problems in words', () => {
  it('has words for every code that a scan gives', () => {
    const codes = ['empty-file', 'not-an-image', 'unsupported-format', 'too-large', 'truncated', 'unreadable', 'placeholder', 'symlink', 'hidden', 'outside-classes', 'renamed', 'renamed-folder', 'too-small', 'extreme-aspect', 'duplicate', 'duplicate-across-splits', 'duplicate-label-conflict', 'empty-class', 'single-image-class']; // prettier-ignore
    for (const code of codes) expect(problemWords(code).title).not.toBe(code);
    expect(problemWords('of-tomorrow')).toEqual({ title: 'of-tomorrow', reason: '' });
  });

  it('knows which have pictures to show', () => {
    expect(isShownInGrid('duplicate')).toBe(true);
    expect(isShownInGrid('truncated')).toBe(true);
    expect(isShownInGrid('empty-class')).toBe(false);
    expect(isShownInGrid('outside-classes')).toBe(false);
  });
});

describe('a scan that was cancelled', () => {
  it('gives no counts, and says how far it came', () => {
    const scan = { done: 3200, total: 20_000, secondsLeft: null };
    const summary = summaryOf([of('ants', 120, 70)], { state: 'cancelled', scan });
    expect(scanLine(summary, '/photos')).toBe('/photos');
    expect(cancelledLine(summary)).toMatch(/looked at 3,200 of 20,000 pictures\. Nothing is shown or trained on/);
    expect(cancelledLine({ scan: { ...scan, total: null } })).toMatch(/^Not all pictures were found\./);
  });
});
