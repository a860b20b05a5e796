import { InvalidArgumentError } from 'commander';

/** An option's parser; commander puts the option's name before the message. */
export type OptionParser<T> = (text: string) => T;

const isNumber = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text));

/** A parser of whole numbers of at least `least` and at most `most`. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): OptionParser<number> {
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`expected a whole number ${range}, received "${text}"`);
    }
    return value;
  };
}

/** A parser of numbers for which `accepts` holds; `range` describes them, for example `above 0`. */
export function numberThat(range: string, accepts: (value: number) => boolean): OptionParser<number> {
  return (text) => {
    if (!isNumber(text) || !accepts(Number(text))) {
      throw new InvalidArgumentError(`expected a number ${range}, received "${text}"`);
    }
    return Number(text);
  };
}

export const countOption = wholeNumber(1);
export const seedOption = wholeNumber(0, 0xffffffff);
export const positiveOption = numberThat('above 0', (value) => value > 0);
export const notNegativeOption = numberThat('of at least 0', (value) => value >= 0);
/** 0 included, 1 not. */
export const openFractionOption = numberThat('of at least 0 and below 1', (value) => value >= 0 && value < 1);
/** Neither 0 nor 1. */
export const innerFractionOption = numberThat('above 0 and below 1', (value) => value > 0 && value < 1);
/** 0 not, 1 included. */
export const positiveFractionOption = numberThat('above 0 and at most 1', (value) => value > 0 && value <= 1);

/** A parser of `all` or a whole number of at least 1. */
export function stagesOption(text: string): 'all' | number {
  if (text === 'all') return text;
  if (!/^[1-9]\d*$/.test(text)) {
    throw new InvalidArgumentError(`expected "all" or a whole number of at least 1, received "${text}"`);
  }
  return Number(text);
}
