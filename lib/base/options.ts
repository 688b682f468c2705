// One way to take options: defaults in one place, unknown keys refused, ranges checked, the result frozen.

import { UsageError } from './errors.ts';

/** What a caller may give for options of type T. */
export type Given<T> = { readonly [K in keyof T]?: T[K] | undefined };

/**
 * `defaults` with what was given laid over it; `undefined` keeps the default.
 * @throws UsageError UNKNOWN_OPTION
 */
export function withDefaults<T extends object>(what: string, defaults: T, given: Given<T> = {}): Readonly<T> {
  refuseUnknown(what, defaults, given);
  const result: T = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) Object.assign(result, { [name]: value });
  }
  return Object.freeze(result);
}

/** @throws UsageError UNKNOWN_OPTION where `given` has a key that `known` has not. */
export function refuseUnknown(what: string, known: object, given: object): void {
  const unknown = Object.keys(given).find(name => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  const names = Object.keys(known).join(', ');
  throw new UsageError('UNKNOWN_OPTION', `${what} has no option "${unknown}" (it has ${names})`);
}

/** @throws UsageError OUT_OF_RANGE unless `value` is a number from `least` to `most`. */
export function inRange(what: string, value: number, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw new UsageError('OUT_OF_RANGE', `${what} is ${value}, it must be ${least} to ${most}`);
}

/** As `inRange`, and a whole number. */
export function wholeInRange(what: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value)) return inRange(what, value, least, most);
  throw new UsageError('OUT_OF_RANGE', `${what} is ${value}, it must be a whole number`);
}

/** @throws UsageError INVALID_VALUE unless `value` is one of `choices`. */
export function oneOf(what: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  throw new UsageError('INVALID_VALUE', `${what} is ${value}, it must be one of ${choices.join(', ')}`);
}
