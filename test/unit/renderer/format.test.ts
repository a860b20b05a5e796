import { describe, expect, it } from 'vitest';
import {
  formatAbout,
  formatBytes,
  formatCount,
  formatMillions,
  formatPercent,
  formatPlural,
  formatSeconds,
  formatSecondsLeft,
  formatShare,
  formatSmall,
  formatWhen,
} from '../../../src/renderer/format.js';

describe('numbers in words', () => {
  it.each([
    [formatCount(12_345), '12,345'],
    [formatPlural(1, 'picture'), '1 picture'],
    [formatPlural(0, 'class', 'classes'), '0 classes'],
    [formatPercent(0.9634), '96.3 %'],
    [formatPercent(1, 0), '100 %'],
    [formatPercent(0.1 * 3 + 0.7, 0), '100 %'],
    [formatPercent(0.9998), '99.9 %'],
    [formatPercent(0.997, 0), '99 %'],
    [formatPercent(0.99949), '99.9 %'],
    [formatShare(null), '–'],
    [formatShare(0.5), '50.0 %'],
    [formatBytes(0), '0 B'],
    [formatBytes(999), '999 B'],
    [formatBytes(1_500_000), '1.5 MB'],
    [formatBytes(123_400_000), '123 MB'],
    [formatBytes(999_960), '1.0 MB'],
    [formatBytes(5e15), '5000 TB'],
    [formatSeconds(3.24), '3.2 s'],
    [formatSeconds(9.97), '10 s'],
    [formatSeconds(59.6), '1 min'],
    [formatSeconds(75), '1 min 15 s'],
    [formatSeconds(3600), '1 h 0 min'],
    [formatSecondsLeft(2), 'a few seconds left'],
    [formatSecondsLeft(31), 'about 35 s left'],
    [formatSecondsLeft(119), 'about 2 min left'],
    [formatSecondsLeft(58), 'about 1 min left'],
    [formatAbout(74), 'about 1 min'],
    [formatAbout(3595), 'about 1 h 0 min'],
    [formatAbout(7190), 'about 2 h 0 min'],
    [formatSmall(0), '0'],
    [formatSmall(0.0123456), '0.0123'],
    [formatSmall(0.000012), '1.2e-5'],
    [formatMillions(6_100_000), '6.1 M'],
    [formatMillions(1_820_000_000), '1.8 G'],
    [formatMillions(950), '950'],
  ])('%s', (written, expected) => expect(written).toBe(expected));

  it('says when in words, and the date after a day', () => {
    const now = Date.parse('2026-03-04T12:00:00Z');
    expect(formatWhen('2026-03-04T11:59:30Z', now)).toBe('just now');
    expect(formatWhen('2026-03-04T11:55:00Z', now)).toBe('5 minutes ago');
    expect(formatWhen('2026-03-04T09:00:00Z', now)).toBe('3 hours ago');
    expect(formatWhen('2026-03-01T12:00:00Z', now)).toMatch(/2026/);
  });
});
