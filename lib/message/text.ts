// The text form of a message, one line (reference eventdispatcher §3.1):
//
//   [<server:service ] [[server:]service/] COMMAND [ name=value *(;name=value) [;]]
//
// Decoding is one walk from left to right, each character is looked at once or twice, so the cost is linear.
// Encoding gives the bytes of the C++ library, except where those do not come back right:
//   - a last value that ends in a blank gets a `;` behind it (both sides read that right);
//   - a target with a server and no service is written `server:COMMAND` (both sides read that right);
//   - a quoted value that ends in a backslash is written as the grammar wants it (our side reads that right,
//     the C++ parser takes the closing quote for an escaped one and refuses the line).

import { PeerError, UsageError } from '../base/errors.ts';
import { decodeJson } from './json.ts';
import type { Place } from './message.ts';
import { Message } from './message.ts';
import { charKind, kindOf } from './names.ts';

const TAB = 9;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const SLASH = 47;
const COLON = 58;
const SEMICOLON = 59;
const LESS = 60;
const EQUAL = 61;
const BACKSLASH = 92;
const LOWER_N = 110;
const LOWER_R = 114;
const BRACE = 123;

const noPlace: Place = { server: '', service: '' };
const nothing: readonly string[] = [];

const isBlank = (code: number): boolean => code === SPACE || (code >= TAB && code <= CR);

/**
 * Reads the line, text or JSON, that stands in `text` from `from` up to `to`; undefined for one of blanks alone,
 * which is passed over. (Cutting the line out first would make each look at a character dearer.)
 * Names of commands, servers and services are taken as they stand, as the C++ parser takes them; `door.ts` tells
 * which are not to be acted on.
 * @throws PeerError INVALID_LINE; its `command` says which command could be read before the fault.
 */
export function decode(text: string, from = 0, to: number = text.length): Message | undefined {
  let start = from;
  let end = to;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  if (start === end) return undefined;
  const first = text.charCodeAt(start);
  if (first === BRACE) return decodeJson(text.slice(start, end));
  if (first === LESS) return decodeWithSender(text, start, end);
  return decodeFrom(text, start, end, noPlace);
}

/** Reads `<server:service ` and hands the rest on. */
function decodeWithSender(line: string, start: number, end: number): Message {
  const space = line.indexOf(' ', start);
  if (space < 0 || space >= end) throw invalid('a sender without a command');
  const colon = line.indexOf(':', start);
  if (colon < 0 || colon > space) throw invalid('a sender is <server:service');
  const from = { server: line.slice(start + 1, colon), service: line.slice(colon + 1, space) };
  return decodeFrom(line, space + 1, end, from);
}

/** Reads `[[server:]service/]COMMAND` and hands the rest on. */
function decodeFrom(line: string, start: number, end: number, from: Place): Message {
  let server = '';
  let service = '';
  let begin = start;
  let at = start;
  for (; at < end; at += 1) {
    const code = line.charCodeAt(at);
    if (code === SPACE) break;
    if (code === COLON) {
      if (at === begin || begin !== start) throw invalid('a server name is empty, twice there, or after the service');
      server = line.slice(begin, at);
      begin = at + 1;
    } else if (code === SLASH) {
      if (at === begin || service !== '') throw invalid('a service name is empty or twice there');
      service = line.slice(begin, at);
      begin = at + 1;
    }
  }
  if (at === begin) throw invalid('there is no command');
  const command = line.slice(begin, at);
  const to = server === '' && service === '' ? noPlace : { server, service };
  if (at === end) return new Message(command, nothing, from, to);
  return new Message(command, decodeParameters(line, at + 1, end, command), from, to);
}

/** Where the value that was read last ended: before its `;`, or at the end of the line. */
let valueEnd = 0;

/** Names and values in turn. A list that is written down whole is smaller than one that grows, hence the two steps. */
function decodeParameters(line: string, start: number, end: number, command: string): string[] {
  if (start >= end) return [];
  let equal = endOfName(line, start, end, command);
  const name = line.slice(start, equal);
  const value = valueAt(line, equal + 1, end, command);
  let at = valueEnd + 1;
  if (at >= end) return [name, value];
  equal = endOfName(line, at, end, command);
  const list = [name, value, line.slice(at, equal), valueAt(line, equal + 1, end, command)];
  for (at = valueEnd + 1; at < end; at = valueEnd + 1) {
    equal = endOfName(line, at, end, command);
    list.push(line.slice(at, equal), valueAt(line, equal + 1, end, command));
  }
  return list;
}

function endOfName(line: string, start: number, end: number, command: string): number {
  let at = start;
  for (; at < end; at += 1) {
    const code = line.charCodeAt(at);
    if (code === EQUAL) {
      if (at === start) throw invalid('a parameter name is empty', command);
      return at;
    }
    const kind = kindOf(code);
    if (kind === charKind.none || (kind === charKind.digit && at === start)) {
      throw invalid(`a parameter name cannot have "${line.charAt(at)}" at its place ${at - start + 1}`, command);
    }
  }
  throw invalid('a parameter has no = and value', command);
}

/** The value that begins at `start`; its end is in `valueEnd`. */
function valueAt(line: string, start: number, end: number, command: string): string {
  if (start < end && line.charCodeAt(start) === QUOTE) {
    const close = closingQuote(line, start, end, command);
    valueEnd = close + 1;
    return unescaped(line.slice(start + 1, close), QUOTE);
  }
  if (end - start > longestLook) return longValueAt(line, start, end);
  let at = start;
  let backslash = false;
  for (; at < end; at += 1) {
    const code = line.charCodeAt(at);
    if (code === SEMICOLON) break;
    if (code === BACKSLASH) backslash = true;
  }
  valueEnd = at;
  const raw = line.slice(start, at);
  return backslash ? unescaped(raw, BACKSLASH) : raw;
}

/** With more than so many characters left, a value is searched for `;` and `\`, and not looked along. */
const longestLook = 48;
let searched = '';
let searchedAt = 0;
/** Their next places, behind which nothing is searched a second time: once for a whole text that has none. */
let nextSemicolon = 0;
let nextBackslash = 0;

function longValueAt(line: string, start: number, end: number): string {
  if (line !== searched || start < searchedAt) {
    searched = line;
    nextSemicolon = -1;
    nextBackslash = -1;
  }
  searchedAt = start;
  if (nextSemicolon < start) nextSemicolon = nextOf(';', line, start);
  if (nextBackslash < start) nextBackslash = nextOf('\\', line, start);
  valueEnd = Math.min(nextSemicolon, end);
  const raw = line.slice(start, valueEnd);
  return nextBackslash < valueEnd ? unescaped(raw, BACKSLASH) : raw;
}

function nextOf(char: string, text: string, from: number): number {
  const at = text.indexOf(char, from);
  return at < 0 ? text.length : at;
}

/**
 * The quote that closes the one at `open`. A backslash takes the character behind it along; where that reading
 * leaves the value open or followed by other text, the C++ reading is tried, for which any `\"` stays inside.
 */
function closingQuote(line: string, open: number, end: number, command: string): number {
  let at = line.indexOf('"', open + 1);
  while (at > 0 && at < end && isTakenAlong(line, at, open)) at = line.indexOf('"', at + 1);
  if (at > 0 && endsValue(line, at, end)) return at;
  for (at = line.indexOf('"', open + 1); at > 0 && at < end; at = line.indexOf('"', at + 1)) {
    if (line.charCodeAt(at - 1) === BACKSLASH) continue;
    if (endsValue(line, at, end)) return at;
    throw invalid('behind a closing quote comes a ;', command);
  }
  throw invalid('a quoted value has no closing quote', command);
}

/** Whether the backslashes before the quote at `at` pair up with one left for the quote. */
function isTakenAlong(line: string, at: number, open: number): boolean {
  let before = at - 1;
  while (before > open && line.charCodeAt(before) === BACKSLASH) before -= 1;
  return (at - before) % 2 === 0;
}

function endsValue(line: string, at: number, end: number): boolean {
  return at < end && (at + 1 === end || line.charCodeAt(at + 1) === SEMICOLON);
}

/** Undoes `\\`, `\n`, `\r`, and `\"` where the value was quoted; other backslashes stay. */
function unescaped(raw: string, quoted: number): string {
  let at = raw.indexOf('\\');
  if (at < 0) return raw;
  const parts: string[] = [];
  let good = 0;
  for (; at >= 0; at = raw.indexOf('\\', at)) {
    const plain = meantBy(raw.charCodeAt(at + 1), quoted);
    if (plain === undefined) at += 1;
    else {
      parts.push(raw.slice(good, at), plain);
      at += 2;
      good = at;
    }
  }
  parts.push(raw.slice(good));
  return parts.join('');
}

function meantBy(code: number, quoted: number): string | undefined {
  if (code === LOWER_N) return '\n';
  if (code === LOWER_R) return '\r';
  if (code === BACKSLASH) return '\\';
  return code === QUOTE && quoted === QUOTE ? '"' : undefined;
}

/** The line of a message, without its line feed. @throws UsageError INVALID_NAME where it has no command. */
export function encode(message: Message<unknown>): string {
  const { command, list, from, to } = message;
  if (command === '') throw new UsageError('INVALID_NAME', 'a message without a command cannot be sent');
  let line = command;
  if (to.service !== '') line = `${to.service}/${line}`;
  if (to.server !== '') line = `${to.server}:${line}`;
  if (from.server !== '' || from.service !== '') line = `<${from.server}:${from.service} ${line}`;
  if (list.length === 0) return line;
  if (list.length === 2) return guardBlank(`${line} ${list[0]}=${escaped(list[1] ?? '')}`);
  const sorted = sortedList(message);
  let separator = ' ';
  for (let at = 0; at < sorted.length; at += 2) {
    line += `${separator}${sorted[at]}=${escaped(sorted[at + 1] ?? '')}`;
    separator = ';';
  }
  return guardBlank(line);
}

/** The receiver cuts blanks off the end of a line; a `;` behind the last value keeps them. */
function guardBlank(line: string): string {
  return isBlank(line.charCodeAt(line.length - 1)) ? `${line};` : line;
}

/** Of so many parameters that are not in order each is put in its place; more are sorted. */
const longestPlaced = 32;

/** By name, in byte order; of two with one name only the later. */
function sortedList(message: Message<unknown>): readonly string[] {
  const { list } = message;
  let ordered = true;
  for (let at = 2; at < list.length && ordered; at += 2) ordered = (list[at - 2] ?? '') < (list[at] ?? '');
  if (ordered) return list;
  return list.length > longestPlaced ? message.sorted().flat() : placed(list);
}

function placed(list: readonly string[]): string[] {
  const sorted: string[] = [];
  for (let at = 0; at < list.length; at += 2) {
    const name = list[at] ?? '';
    let place = sorted.length;
    while (place > 0 && name < (sorted[place - 2] ?? '')) place -= 2;
    const same = place > 0 && sorted[place - 2] === name;
    if (same) sorted[place - 1] = list[at + 1] ?? '';
    else sorted.splice(place, 0, name, list[at + 1] ?? '');
  }
  return sorted;
}

const special = /[\\\n\r]/g;

function escaped(value: string): string {
  const quoted = value.charCodeAt(0) === QUOTE || value.includes(';');
  const plain = !value.includes('\\') && !value.includes('\n') && !value.includes('\r');
  if (plain && !quoted) return value;
  const safe = plain ? value : value.replace(special, escapeOne);
  return quoted ? `"${safe.replaceAll('"', '\\"')}"` : safe;
}

function escapeOne(char: string): string {
  if (char === '\n') return '\\n';
  return char === '\r' ? '\\r' : '\\\\';
}

function invalid(reason: string, command?: string): PeerError {
  return new PeerError('INVALID_LINE', reason, command);
}
