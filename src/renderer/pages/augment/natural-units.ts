import type { RangeScale } from '../../components/range-scale.js';
import type { ParamSpec, ParamValue } from '../../../shared/augment/op.js';

type NumericSpec = Exclude<ParamSpec, { readonly kind: 'choice' }>;

/** How a setting is shown: shares as percent, turns of the colour wheel as degrees, the rest as it is. */
export interface NaturalUnit {
  /** Shown = stored × factor. */
  readonly factor: number;
  /** Before the number. */
  readonly prefix: string;
  readonly unit: string;
  readonly digits: number;
  /** Of its slider: ratios have as much room below 1 as above, small angles more than large ones. */
  readonly scale: RangeScale['scale'];
}

const digitsOf = (step: number): number => Math.max(0, Math.min(3, Math.ceil(-Math.log10(step) - 1e-9)));

/** The unit that a setting is shown in. */
export function naturalUnit(name: string, spec: NumericSpec): NaturalUnit {
  const linear = { prefix: '', scale: 'linear' } as const;
  if (spec.unit === '±') {
    return name === 'hue'
      ? { factor: 360, prefix: '±', unit: '°', digits: 0, scale: 'linear' }
      : { factor: 100, prefix: '±', unit: '%', digits: 0, scale: 'linear' };
  }
  if (spec.unit === '×' && spec.max <= 1) return { ...linear, factor: 100, unit: '%', digits: 0 };
  const isRange = spec.kind === 'range';
  const scale = isRange && spec.unit === '×' ? 'log' : isRange && spec.min === -spec.max ? 'root' : 'linear';
  return { prefix: '', factor: 1, unit: spec.unit, digits: digitsOf(spec.step), scale };
}

/** One number in its natural unit, without the unit. */
export function formatNatural(value: number, { factor, digits }: NaturalUnit): string {
  const text = (value * factor).toFixed(digits);
  // No "−0", and a real minus sign.
  return Number(text) === 0 ? (0).toFixed(digits) : text.replace('-', '−');
}

/** A setting's value with its unit: `±20 %`, `60–100 %`, `−10 to 15°`, `noise`. */
export function formatParam(name: string, spec: ParamSpec, value: ParamValue): string {
  if (spec.kind === 'choice') return String(value);
  const natural = naturalUnit(name, spec);
  const unit = natural.unit === '' ? '' : natural.unit === '°' ? '°' : ` ${natural.unit}`;
  const one = (number: number): string => `${natural.prefix}${formatNatural(number, natural)}`;
  if (typeof value === 'number') return `${one(value)}${unit}`;
  if (typeof value === 'string') return value;
  const [low, high] = value;
  if (low === -high && low !== 0) return `±${one(high)}${unit}`;
  return `${one(low)}${low < 0 ? ' to ' : '–'}${one(high)}${unit}`;
}
