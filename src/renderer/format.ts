/** How the page writes numbers, sizes and times. */

const integer = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** 12,345 */
export const formatCount = (value: number): string => integer.format(value);

/** `1 image`, `2 images`. */
export const formatPlural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** 0.9634 → `96.3 %`. Only what is whole is written as 100 %: 0.9998 → `99.9 %`. */
export function formatPercent(share: number, digits = 1): string {
  const step = 10 ** -digits;
  // A share that has lost its last bits in a sum is whole all the same.
  const isShort = share < 1 - 1e-9 && share * 100 > 100 - step / 2;
  return `${(isShort ? 100 - step : share * 100).toFixed(digits)} %`;
}

/** As {@link formatPercent}; a dash where there is nothing to divide by. */
export const formatShare = (share: number | null): string => (share === null ? '–' : formatPercent(share));

const SIZE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Decimal units, as disks are sold: 1 500 000 → `1.5 MB`. */
export function formatBytes(bytes: number): string {
  // From 999.5 on the number would be written as 1000 of its unit.
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes / 0.9995, 1)) / 3), SIZE_UNITS.length - 1);
  const value = bytes / 1000 ** power;
  return `${value >= 100 || power === 0 ? Math.round(value) : value.toFixed(1)} ${SIZE_UNITS[power]}`;
}

/** 75 → `1 min 15 s`; below ten seconds with one digit after the point. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  const minutes = Math.floor(rounded / 60);
  if (minutes < 60) return rounded % 60 === 0 ? `${minutes} min` : `${minutes} min ${rounded % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A time that is not known better, in coarse words that stay still: `about 2 min`. */
export function formatAbout(seconds: number): string {
  if (seconds < 5) return 'a few seconds';
  if (seconds <= 55) return `about ${Math.ceil(seconds / 5) * 5} s`;
  const minutes = Math.max(1, Math.round(seconds / 60));
  return minutes < 60 ? `about ${minutes} min` : `about ${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Time left: `about 2 min left`. */
export const formatSecondsLeft = (seconds: number): string => `${formatAbout(seconds)} left`;

/** A learning rate or a loss with three significant digits, without an exponent where that is readable. */
export function formatSmall(value: number): string {
  if (value === 0) return '0';
  return Math.abs(value) < 1e-4 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

/** `12.4 M` of parameters or operations. */
export function formatMillions(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} G`;
  return value >= 1e6 ? `${(value / 1e6).toFixed(1)} M` : formatCount(value);
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const date = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

/** `5 minutes ago`; the date after a day. */
export function formatWhen(iso: string, nowMs: number = Date.now()): string {
  const seconds = (Date.parse(iso) - nowMs) / 1000;
  if (seconds > -60) return 'just now';
  if (seconds > -3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (seconds > -86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  return date.format(new Date(iso));
}

const timeOfDay = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** `12:40`; with the date before it when that was another day. */
export function formatTimeOfDay(iso: string, now: Date = new Date()): string {
  const at = new Date(iso);
  return at.toDateString() === now.toDateString() ? timeOfDay.format(at) : date.format(at);
}
