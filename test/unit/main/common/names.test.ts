import { describe, expect, it } from 'vitest';
import { createNamePlaces, foldName, nearestName, pathParts, safeName } from '../../../../src/main/common/names.js';

describe('safeName', () => {
  it.each([
    ['photo.jpg', 'photo.jpg'],
    ['Ameise 蟻.jpg', 'Ameise 蟻.jpg'],
    ['a:b*c?.jpg', 'a_b_c_.jpg'],
    ['line\nbreak\u0000', 'line_break_'],
    ['ends. . ', 'ends'],
    ['nul', '_nul'],
    ['COM1.txt', '_COM1.txt'],
    ['e\u0301', '\u00e9'],
    ['back\\slash', 'back_slash'],
  ])('makes %j into %j', (given, expected) => {
    expect(safeName(given)).toBe(expected);
  });

  it.each(['', '.', '..', '  ', '...', 'x'.repeat(256), '蟻'.repeat(86)])('refuses %j', (given) => {
    expect(() => safeName(given)).toThrowError(/expected a name/);
  });
});

describe('nearestName', () => {
  it.each([
    ['photo.jpg', 'photo.jpg'],
    ['...', '_'],
    ['', '_'],
    ['con .txt', '_con .txt'],
    ['COM\u00b9', '_COM\u00b9'],
    ['conference.txt', 'conference.txt'],
    [`${'x'.repeat(300)}.jpeg`, `${'x'.repeat(250)}.jpeg`],
    [`a.${'x'.repeat(300)}`, `a.${'x'.repeat(253)}`],
    [`.${' '.repeat(300)}x`, '_'],
  ])('makes %j into %j', (given, expected) => {
    expect(nearestName(given)).toBe(expected);
  });
});

it('foldName takes for one what a file system may', () => {
  for (const names of [
    ['a.JPG', 'A.jpg'],
    ['caf\u00e9', 'CAFE\u0301'],
    ['stra\u00dfe', 'STRASSE'],
    ['\u03c3', '\u03c2', '\u03a3'],
  ]) {
    expect(new Set(names.map(foldName)).size).toBe(1);
  }
  expect(foldName('a')).not.toBe(foldName('\u00e4'));
});

describe('places of names', () => {
  it('are the same when asked for again, or another where every file counts', () => {
    const places = createNamePlaces();
    expect(places.file(['a', 'x.jpg'], 'same')).toEqual(['a', 'x.jpg']);
    expect(places.file(['a', 'x.jpg'], 'same')).toEqual(['a', 'x.jpg']);
    expect(places.file(['a', 'x.jpg'], 'another')).toEqual(['a', 'x (2).jpg']);
    expect(places.folder(['A'])).toEqual(['A (2)']);
    expect(places.folder(['A', 'b'])).toEqual(['A (2)', 'b']);
    expect(places.folder(['a'])).toEqual(['a']);
  });

  it('pass over a number that is a name of its own, and keep to the length that a file system takes', () => {
    const places = createNamePlaces();
    const long = 'x'.repeat(300);
    const names = ['x (2).jpg', 'x.jpg', 'X.jpg', long, long].map((name) => places.file([name], 'another')[0]!);
    expect(names).toEqual(['x (2).jpg', 'x.jpg', 'X (3).jpg', 'x'.repeat(255), `${'x'.repeat(251)} (2)`]);
  });

  it('count on from the number given last, however many have one name', () => {
    const places = createNamePlaces();
    for (let count = 0; count < 100_000; count++) places.file(['x.jpg'], 'another');
    expect(places.file(['x.jpg'], 'another')).toEqual(['x (100001).jpg']);
  });
});

describe('pathParts', () => {
  it('splits by the slash alone', () => {
    expect(pathParts('train/ants/a.jpg')).toEqual(['train', 'ants', 'a.jpg']);
  });

  it.each(['../x', 'a/../x', '/etc/passwd', 'a//b', './a', 'a/.', '..\\x', 'a\\..\\x', 'C:/x', 'c:\\x', 'a\0b', ''])(
    'refuses %j',
    (given) => {
      expect(() => pathParts(given)).toThrowError(expect.objectContaining({ code: 'unsafe-file' }));
    },
  );

  it('refuses folders in folders without end', () => {
    expect(() => pathParts(Array.from({ length: 33 }, () => 'a').join('/'))).toThrowError(/at most 32 folders/);
  });
});
