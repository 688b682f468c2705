// Parameter values: what a program holds and the text that stands for it on the wire.
// Readers throw a plain RangeError with the reason; who asks knows the parameter's name and adds it.

import { formatHostPort, parseHostPort } from '../base/address.ts';
import { UsageError } from '../base/errors.ts';

/** Seconds and nanoseconds (0 to 999,999,999); for a moment before 1970 or a negative span, both are ≤ 0. */
export interface Timespec {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** An IP address and port as a value: `1.2.3.4:80`, `[::1]:80`. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export type Value = string | number | bigint | boolean | Timespec | HostPort;
export type Values = { readonly [name: string]: Value | undefined };

const integerPattern = /^[+-]?\d+$/;
const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const timespecPattern = /^\s*([+-]?)(\d+)(?:\.(\d*))?\s*s?\s*$/;
const longest64 = 2n ** 63n;
/** Longer texts are no times or numbers; looking at them with a pattern would cost more than their length. */
const longestPattern = 200;

/** @throws RangeError unless a decimal integer of 64 bits with sign. */
export function readBigint(text: string): bigint {
  if (!integerPattern.test(text)) throw new RangeError(`"${shown(text)}" is no integer`);
  if (text.replace(/^[+-]?0*/, '').length > 19) throw new RangeError(`"${shown(text)}" does not fit 64 bits`);
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  if (value < -longest64 || value >= longest64) throw new RangeError(`"${shown(text)}" does not fit 64 bits`);
  return value;
}

/** @throws RangeError unless a decimal integer that a number holds exactly (up to 2^53 - 1). */
export function readInteger(text: string): number {
  const short = shortInteger(text);
  if (short >= 0) return short;
  const value = Number(readBigint(text));
  if (!Number.isSafeInteger(value)) throw new RangeError(`"${shown(text)}" is past 2^53, read it as bigint`);
  return value;
}

/** The value of up to 15 digits without a sign, by far the most there are; -1 for all else. */
function shortInteger(text: string): number {
  if (text.length === 0 || text.length > 15) return -1;
  let value = 0;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** @throws RangeError unless a finite decimal number. */
export function readNumber(text: string): number {
  const value = text.length <= longestPattern && numberPattern.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new RangeError(`"${shown(text)}" is no number`);
}

/** @throws RangeError unless `true` or `false`. */
export function readBoolean(text: string): boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw new RangeError(`"${shown(text)}" is neither true nor false`);
}

/** Reads `sec[.fraction][s]`, nine digits of the fraction count. @throws RangeError */
export function readTimespec(text: string): Timespec {
  if (text.length > longestPattern) throw new RangeError(`"${shown(text)}" is no time in seconds`);
  const [, sign, whole, fraction = ''] = timespecPattern.exec(text) ?? [];
  if (whole === undefined) throw new RangeError(`"${shown(text)}" is no time in seconds`);
  const seconds = Number(whole);
  if (!Number.isSafeInteger(seconds)) throw new RangeError(`"${shown(text)}" is too far away`);
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, '0'));
  return sign === '-' ? { seconds: 0 - seconds, nanoseconds: 0 - nanoseconds } : { seconds, nanoseconds };
}

/** @throws RangeError unless `host:port`. */
export function readHostPort(text: string): HostPort {
  const found = parseHostPort(text);
  if (found === undefined) throw new RangeError(`"${shown(text)}" is no address with a port`);
  return found;
}

/** `sec.nsec` without trailing zeros, or all nine digits where `digits` is 'all'. */
export function writeTimespec({ seconds, nanoseconds }: Timespec, digits: 'needed' | 'all' = 'needed'): string {
  const fraction = String(Math.abs(nanoseconds)).padStart(9, '0');
  const kept = digits === 'all' ? fraction : fraction.replace(/0+$/, '');
  const sign = seconds < 0 || nanoseconds < 0 ? '-' : '';
  return `${sign}${Math.abs(seconds)}${kept === '' ? '' : `.${kept}`}`;
}

/** The present as the wall shows it; `wall` is in ms since 1970. */
export function timespecOf(wall: number): Timespec {
  const seconds = Math.trunc(wall / 1000) + 0;
  const nanoseconds = Math.trunc((wall - seconds * 1000) * 1e6) + 0;
  return { seconds, nanoseconds: Math.max(-999_999_999, Math.min(999_999_999, nanoseconds)) };
}

/** @throws UsageError INVALID_VALUE for a number that is not finite and for a fraction that has no text of its own. */
export function writeValue(name: string, value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return writeNumber(name, value);
  if (typeof value === 'object') {
    return 'host' in value ? writeHostPort(name, value) : writeTimespec(checkedTimespec(name, value));
  }
  return String(value);
}

function writeNumber(name: string, value: number): string {
  if (Number.isFinite(value)) return String(value);
  throw new UsageError('INVALID_VALUE', `${name} is ${value}, which has no text`);
}

function writeHostPort(name: string, { host, port }: HostPort): string {
  const text = formatHostPort(host, port);
  const found = parseHostPort(text);
  if (found?.host === host && found.port === port) return text;
  throw new UsageError('INVALID_VALUE', `${name} is ${text}, which is no address with a port`);
}

function checkedTimespec(name: string, time: Timespec): Timespec {
  const { seconds, nanoseconds } = time;
  const whole = Number.isSafeInteger(seconds) && Number.isInteger(nanoseconds) && Math.abs(nanoseconds) < 1e9;
  if (whole && seconds * nanoseconds >= 0) return time;
  throw new UsageError('INVALID_VALUE', `${name} is ${seconds} s and ${nanoseconds} ns, which is no time`);
}

/** The text as it stands in an error: cut where it is long. */
export function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
