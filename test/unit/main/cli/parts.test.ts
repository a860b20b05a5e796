import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { csvLine } from '../../../../src/main/cli/csv.js';
import {
  formatBytes,
  formatCount,
  formatInterval,
  formatPercent,
  formatRate,
  formatSeconds,
  quoteArgument,
} from '../../../../src/main/cli/format.js';
import {
  countOption,
  innerFractionOption,
  openFractionOption,
  positiveFractionOption,
  positiveOption,
  seedOption,
  stagesOption,
} from '../../../../src/main/cli/numbers.js';
import { createOutput } from '../../../../src/main/cli/output.js';
import { resolveGivenPaths } from '../../../../src/main/cli/paths.js';
import { createProgressBar } from '../../../../src/main/cli/progress-bar.js';
import { displayWidth, renderTable } from '../../../../src/main/cli/table.js';

describe('format', () => {
  it('writes shares, intervals and counts', () => {
    expect(formatPercent(0.96078)).toBe('96.1 %');
    expect(formatPercent(1)).toBe('100.0 %');
    expect(formatInterval([0.917, 0.982])).toBe('91.7–98.2 %');
    expect(formatCount(1, 'image')).toBe('1 image');
    expect(formatCount(0, 'image')).toBe('0 images');
  });

  it.each([
    [0.04, '0.0 s'],
    [9.94, '9.9 s'],
    [59.4, '59 s'],
    [59.6, '1 min 0 s'],
    [123, '2 min 3 s'],
    [3599.7, '1 h 0 min'],
    [7380, '2 h 3 min'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [16_900_000, '16.9 MB'],
    [123_456_789, '123 MB'],
    [999_600, '1.0 MB'],
    [2e15, '2000 TB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0.01, '0.01'],
    [0.000123456, '0.000123'],
    [0.00001, '1.0e-5'],
    [0, '0'],
  ])('writes the rate %d as %s', (rate, text) => {
    expect(formatRate(rate)).toBe(text);
  });

  it('quotes arguments for a shell where they need it', () => {
    expect(quoteArgument('runs/first')).toBe('runs/first');
    expect(quoteArgument('my runs')).toBe("'my runs'");
    expect(quoteArgument("it's")).toBe(`'it'\\''s'`);
    expect(quoteArgument('')).toBe("''");
  });
});

describe('option parsers', () => {
  it.each([
    [countOption, '1', 1],
    [countOption, '0012', 12],
    [seedOption, '4294967295', 0xffffffff],
    [positiveOption, '1e-3', 0.001],
    [positiveFractionOption, '1', 1],
    [openFractionOption, '0', 0],
    [stagesOption, 'all', 'all'],
    [stagesOption, '3', 3],
  ])('accept', (parse, text, value) => {
    expect(parse(text)).toBe(value);
  });

  it.each([
    [countOption, 'x', 'expected a whole number of at least 1, received "x"'],
    [countOption, '0', 'expected a whole number of at least 1, received "0"'],
    [countOption, '1.5', 'expected a whole number of at least 1, received "1.5"'],
    [countOption, '', 'expected a whole number of at least 1, received ""'],
    [countOption, '1e3', 'expected a whole number of at least 1, received "1e3"'],
    [seedOption, '4294967296', 'expected a whole number from 0 to 4294967295, received "4294967296"'],
    [seedOption, '-1', 'expected a whole number from 0 to 4294967295, received "-1"'],
    [positiveOption, '0', 'expected a number above 0, received "0"'],
    [positiveOption, ' ', 'expected a number above 0, received " "'],
    [positiveOption, 'Infinity', 'expected a number above 0, received "Infinity"'],
    [innerFractionOption, '1', 'expected a number above 0 and below 1, received "1"'],
    [openFractionOption, '1', 'expected a number of at least 0 and below 1, received "1"'],
    [positiveFractionOption, '1.01', 'expected a number above 0 and at most 1, received "1.01"'],
    [stagesOption, '0', 'expected "all" or a whole number of at least 1, received "0"'],
  ])('refuse and say why', (parse, text, message) => {
    expect(() => parse(text)).toThrow(new InvalidArgumentError(message));
  });
});

describe('renderTable', () => {
  it('aligns columns and leaves no blanks at the end', () => {
    expect(
      renderTable(
        [{ header: 'name' }, { header: 'n', align: 'right' }, { header: 'x' }],
        [
          ['a', '10', ''],
          ['longer', '5', 'y'],
        ],
      ),
    ).toEqual(['name     n  x', 'a       10', 'longer   5  y']);
  });

  it('counts wide characters as two columns and combining marks as none', () => {
    expect(displayWidth('螞蟻')).toBe(4);
    expect(displayWidth('e\u0301')).toBe(1);
    expect(
      renderTable(
        [{ header: 'c' }, { header: 'n' }],
        [
          ['螞蟻', '1'],
          ['bees', '2'],
        ],
      ),
    ).toEqual(['c     n', '螞蟻  1', 'bees  2']);
  });
});

describe('csvLine', () => {
  it('quotes only what needs it', () => {
    expect(csvLine(['a', 1.5, 'b,c', 'say "hi"', 'two\nlines', ''])).toBe('a,1.5,"b,c","say ""hi""","two\nlines",');
  });
});

describe('resolveGivenPaths', () => {
  it("names files in the user's terms", () => {
    const paths = resolveGivenPaths(['photo.jpg', '../more', '/abs/dir'], '/home/me');
    expect(paths.absolute).toEqual(['/home/me/photo.jpg', '/home/more', '/abs/dir']);
    expect(paths.name('/home/me/photo.jpg')).toBe('photo.jpg');
    expect(paths.name('/home/more/a/b.jpg')).toBe('../more/a/b.jpg');
    expect(paths.name('/abs/dir/c.jpg')).toBe('/abs/dir/c.jpg');
    expect(paths.name('/elsewhere/d.jpg')).toBe('/elsewhere/d.jpg');
    expect(paths.name('/home/more-evil/x.jpg')).toBe('/home/more-evil/x.jpg');
  });
});

describe('createProgressBar', () => {
  const progress = { task: 'decode', total: 100, unit: 'images' } as const;
  const collect = (isTTY: boolean, columns = 100) => {
    const written: string[] = [];
    return { written, stream: { write: (text: string) => written.push(text), isTTY, columns } };
  };

  it('redraws one line of a terminal, with the time left', () => {
    const { written, stream } = collect(true);
    let now = 0;
    const bar = createProgressBar(stream, () => now);
    bar.update({ ...progress, done: 0 });
    now = 10_000;
    bar.update({ ...progress, done: 25 });
    bar.clear();
    bar.clear();
    expect(written).toEqual([
      '\rReading images  [------------------------] 0 %  0/100 images\u001b[K',
      '\rReading images  [######------------------] 25 %  25/100 images  30 s left\u001b[K',
      '\r\u001b[K',
    ]);
  });

  it('draws at most ten times a second', () => {
    const { written, stream } = collect(true);
    let now = 0;
    const bar = createProgressBar(stream, () => now);
    for (; now < 1000; now += 10) bar.update({ ...progress, done: now / 10 });
    expect(written).toHaveLength(10);
  });

  it('never wraps', () => {
    const { written, stream } = collect(true, 20);
    createProgressBar(stream, () => 0).update({ ...progress, done: 5 });
    expect(written[0]!.replace('\r', '').replace('\u001b[K', '')).toHaveLength(19);
  });

  it('writes a plain line every ten seconds into a log', () => {
    const { written, stream } = collect(false);
    let now = 0;
    const bar = createProgressBar(stream, () => now);
    for (; now <= 30_000; now += 500) bar.update({ ...progress, done: now / 1000 });
    bar.clear();
    expect(written).toHaveLength(3);
    expect(written[0]).toBe('Reading images  [##----------------------] 10 %  10/100 images  1 min 30 s left\n');
  });

  it('shows bytes as sizes, and amounts of which the end is unknown', () => {
    const { written, stream } = collect(true);
    const bar = createProgressBar(stream, () => 0);
    bar.update({ task: 'download', done: 5e6, total: 2e7, unit: 'bytes', label: 'resnet18' });
    bar.update({ task: 'scan', done: 12, total: null, unit: 'files' });
    expect(written).toEqual([
      '\rDownloading: resnet18  [######------------------] 25 %  5.0 MB/20.0 MB\u001b[K',
      '\rLooking through the images  12 files\u001b[K',
    ]);
  });
});

describe('createOutput', () => {
  it('keeps results on stdout and notes on stderr, and takes the bar away first', () => {
    const written: string[] = [];
    const stream = (name: string) => ({ write: (text: string) => written.push(`${name} ${text}`), isTTY: true });
    const output = createOutput(stream('out'), stream('err'), () => 0);
    output.progress.update({ task: 'scan', done: 1, total: null, unit: 'files' });
    output.line('result');
    output.note('beside');
    output.json({ a: 1 });
    expect(written.slice(1)).toEqual(['err \r\u001b[K', 'out result\n', 'err beside\n', 'out {"a":1}\n']);
  });

  it("lets no file name's escape codes reach the terminal, and no JSON be changed", () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) };
    const output = createOutput(stream, stream, () => 0);
    output.line('evil\u001b[2J.jpg\rfake');
    output.json({ name: 'evil\u001b' });
    expect(written).toEqual(['evil\\x1b[2J.jpg\\x0dfake\n', '{"name":"evil\\u001b"}\n']);
  });
});
