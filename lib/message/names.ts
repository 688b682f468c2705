// Names on the wire: reference eventdispatcher §3.3. Letters are ASCII, a digit never comes first.

import { UsageError } from '../base/errors.ts';

/** Kinds of characters in names, by code below 128; others belong in no name. */
export const charKind = { none: 0, upper: 1, lower: 2, digit: 3 } as const;

const kinds: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (/[A-Z_]/.test(char)) return charKind.upper;
  if (/[a-z]/.test(char)) return charKind.lower;
  return /[0-9]/.test(char) ? charKind.digit : charKind.none;
});

/** The kind of a character; every message asks this of each character of its names. */
export function kindOf(code: number): number {
  return code < 128 ? (kinds[code] ?? charKind.none) : charKind.none;
}

/** What stands around a line, and belongs not to it: blanks, as C knows them. */
export function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** Upper-case letters, digits and `_`, no digit first. */
export function isCommand(text: string): boolean {
  if (text === '' || kindOf(text.charCodeAt(0)) !== charKind.upper) return false;
  for (let at = 1; at < text.length; at += 1) {
    const kind = kindOf(text.charCodeAt(at));
    if (kind !== charKind.upper && kind !== charKind.digit) return false;
  }
  return true;
}

/** Letters, digits and `_`, no digit first. */
export function isName(text: string): boolean {
  if (text === '' || kindOf(text.charCodeAt(0)) === charKind.digit) return false;
  for (let at = 0; at < text.length; at += 1) {
    if (kindOf(text.charCodeAt(at)) === charKind.none) return false;
  }
  return true;
}

/** A server or service to send to: a name, or `.` (here), `*` (everywhere), `?` (the private network). */
export function isTarget(text: string): boolean {
  return isName(text) || text === '.' || text === '*' || text === '?';
}

/** @throws UsageError INVALID_NAME unless upper-case letters, digits and `_`. */
export function command(text: string): string {
  if (isCommand(text)) return text;
  throw new UsageError('INVALID_NAME', `"${text}" is no command: use A-Z, 0-9 and _, no digit first`);
}

/** @throws UsageError INVALID_NAME unless letters, digits and `_`. */
export function name(what: string, text: string): string {
  if (isName(text)) return text;
  throw new UsageError('INVALID_NAME', `"${text}" is no ${what} name: use letters, digits and _, no digit first`);
}

/** @throws UsageError INVALID_NAME unless empty, a name, or one of `.` `*` `?`. */
export function target(what: string, text: string): string {
  if (text === '' || isTarget(text)) return text;
  throw new UsageError('INVALID_NAME', `"${text}" is no ${what}: use a name, or one of . * ?`);
}

/** A host name made fit for the wire: `-` becomes `_`, other characters vanish, a leading digit gets a `_`. */
export function nameOfHost(host: string): string {
  const kept = host.replaceAll('-', '_').replaceAll(/[^A-Za-z0-9_]/g, '');
  return /^[0-9]/.test(kept) ? `_${kept}` : kept;
}
