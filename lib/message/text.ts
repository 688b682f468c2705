// The text form of a message, one line (reference eventdispatcher §3.1):
//
//   [<server:service ] [[server:]service/] COMMAND [ name=value *(;name=value) [;]]
//
// Decoding is one walk from left to right, each character is looked at once or twice, so the cost is linear. What `encode` (in
// encode.ts) would write as it stands is kept as text: whoever passes it on has it written.
// Encoding gives the bytes of the C++ library, except where those do not come back right:
//   - a last value that ends in a blank gets a `;` behind it (both sides read that right);
//   - a target with a server and no service is written `server:COMMAND` (both sides read that right);
//   - a quoted value that ends in a backslash is written as the grammar wants it (our side reads that right,
//     the C++ parser takes the closing quote for an escaped one and refuses the line).

import { PeerError } from '../base/errors.ts';
import { decodeJson } from './json.ts';
import type { Place } from './message.ts';
import { Message, nameBit } from './message.ts';
import { charKind, isBlank, kindOf } from './names.ts';

export { encode } from './encode.ts';

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

/** The command and target that were read last: often the next message has the same, which costs nothing then. */
let lastHead = ' ';
let lastCommand = '';
let lastTo: Place = noPlace;
/** A longer head is not compared. */
const longestHead = 64;

/** Reads what stands behind the sender. */
function decodeFrom(line: string, start: number, end: number, from: Place): Message {
  const known = line.startsWith(lastHead, start) ? start + lastHead.length - 1 : end;
  const at = known > start && known < end ? known : endOfHead(line, start, end);
  if (at === end) return new Message(lastCommand, nothing, from, lastTo);
  const command = lastCommand;
  names = 0;
  asWritten = 'perhaps';
  const message = new Message(command, decodeParameters(line, at + 1, end, command), from, lastTo);
  if ((asWritten as AsWritten) !== 'yes') return message.asRead('', 0, names);
  return message.asRead(line.slice(start, end), isAscii(line, end) ? end - start : 0, names);
}

/** Reads `[[server:]service/]COMMAND`; gives the place of the blank behind it. */
function endOfHead(line: string, start: number, end: number): number {
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
  lastHead = at < end && at - start < longestHead ? line.slice(start, at + 1) : ' ';
  lastCommand = line.slice(begin, at);
  lastTo = server === '' && service === '' ? noPlace : { server, service };
  return at;
}

/** The bits of the names that were read last. */
let names = 0;
type AsWritten = 'perhaps' | 'yes' | 'no';
/** Whether `encode` would write the parameters that were read last as they stand; told only where one holds the line in memory. */
let asWritten: AsWritten = 'perhaps';
/** A shorter value is a text of its own, and not a part of the line. */
const longestOwn = 12;

/** Where the value that was read last ended: before its `;`, or at the end of the line. */
let valueEnd = 0;

/** Names and values in turn. A list that is written down whole is smaller than one that grows, hence the two steps. */
function decodeParameters(line: string, start: number, end: number, command: string): string[] {
  if (start >= end) return [];
  const name = nameAt(line, start, end, command);
  const value = valueAt(line, nameEnd + 1, end, command);
  const at = valueEnd + 1;
  if (at < end) return decodeMore([name, value, nameAt(line, at, end, command), ''], line, end, command);
  if (at === end) asWritten = 'no';
  return [name, value];
}

/** The list has the first parameter, and the name of the second. */
function decodeMore(list: string[], line: string, end: number, command: string): string[] {
  let before = list[0] ?? '';
  let name = list[2] ?? '';
  list[3] = valueAt(line, nameEnd + 1, end, command);
  if (name <= before) asWritten = 'no';
  let at = valueEnd + 1;
  for (; at < end; at = valueEnd + 1) {
    before = name;
    name = nameAt(line, at, end, command);
    if (name <= before) asWritten = 'no';
    list.push(name, valueAt(line, nameEnd + 1, end, command));
  }
  if (at === end) asWritten = 'no';
  return list;
}

/** Where the name that was read last ended: before its `=`. */
let nameEnd = 0;

function nameAt(line: string, start: number, end: number, command: string): string {
  let at = start;
  for (; at < end; at += 1) {
    const code = line.charCodeAt(at);
    if (code === EQUAL) {
      if (at === start) throw invalid('a parameter name is empty', command);
      names |= nameBit(line.charCodeAt(start), at - start);
      nameEnd = at;
      return line.slice(start, at);
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
    asWritten = 'no';
    return unescaped(line.slice(start + 1, close), QUOTE);
  }
  if (end - start > longestLook) return longValueAt(line, start, end);
  let at = start;
  let special = false;
  for (; at < end; at += 1) {
    const code = line.charCodeAt(at);
    if (code === SEMICOLON) break;
    if (code === BACKSLASH || code === CR) special = true;
  }
  valueEnd = at;
  return bareValue(line.slice(start, at), special);
}

/** `special`: there is a backslash in it, or what is written with one. */
function bareValue(raw: string, special: boolean): string {
  if (special) asWritten = 'no';
  else if (asWritten === 'perhaps' && raw.length > longestOwn) asWritten = 'yes';
  return special ? unescaped(raw, BACKSLASH) : raw;
}

/** With more than so many characters left, a value is searched for `;`, `\` and CR, and not looked along. */
const longestLook = 48;
let searched = '';
let searchedAt = 0;
let searchedBytes = 0;
/** Their next places, behind which nothing is searched a second time: once for a whole text that has none. */
let nextSemicolon = 0;
let nextBackslash = 0;
let nextReturn = 0;

function longValueAt(line: string, start: number, end: number): string {
  lookAt(line, start);
  if (nextSemicolon < start) nextSemicolon = nextOf(';', line, start);
  if (nextBackslash < start) nextBackslash = nextOf('\\', line, start);
  if (nextReturn < start) nextReturn = nextOf('\r', line, start);
  valueEnd = Math.min(nextSemicolon, end);
  return bareValue(line.slice(start, valueEnd), nextBackslash < valueEnd || nextReturn < valueEnd);
}

/** Whether a character of the text has one byte; counted once for the whole of it. */
function isAscii(line: string, at: number): boolean {
  lookAt(line, at);
  if (searchedBytes === 0) searchedBytes = Buffer.byteLength(line);
  return searchedBytes === line.length;
}

/** Another text, or the same one from before: two with the same characters would be compared for each line. */
function lookAt(line: string, at: number): void {
  if (line !== searched || at < searchedAt) {
    searched = line;
    searchedBytes = 0;
    nextSemicolon = -1;
    nextBackslash = -1;
    nextReturn = -1;
  }
  searchedAt = at;
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

function invalid(reason: string, command?: string): PeerError {
  return new PeerError('INVALID_LINE', reason, command);
}
