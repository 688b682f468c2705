// Writes the text form of a message; the head of text.ts says which.

import { UsageError } from '../base/errors.ts';
import type { Place } from './message.ts';
import { anyName, Message } from './message.ts';
import { isBlank } from './names.ts';

const QUOTE = 34;

/** The line of a message, without its line feed. @throws UsageError INVALID_NAME where it has no command. */
export function encode(message: Message<unknown>): string {
  const { command, list, from, to } = message;
  if (message.line !== '') return senderOf(from) + message.line;
  if (command === '') throw new UsageError('INVALID_NAME', 'a message without a command cannot be sent');
  let line = command;
  if (to.service !== '') line = `${to.service}/${line}`;
  if (to.server !== '') line = `${to.server}:${line}`;
  line = senderOf(from) + line;
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

/** For those who say one message to many: the same with its line written, and counted, once. @throws UsageError INVALID_NAME */
export function written(message: Message): Message {
  if (message.size > 0) return message;
  const { command, list, from, to } = message;
  const line = message.line || encode(new Message(command, list, nobody, to));
  return new Message(command, list, from, to).asRead(line, Buffer.byteLength(line), anyName);
}

const nobody: Place = { server: '', service: '' };

/** The sender that was written last: often the next one is the same. */
let lastFrom: Place | undefined;
let lastSender = '';
let lastSenderBytes = 0;

function senderOf(from: Place): string {
  if (from !== lastFrom) {
    lastFrom = from;
    lastSender = from.server === '' && from.service === '' ? '' : `<${from.server}:${from.service} `;
    lastSenderBytes = Buffer.byteLength(lastSender);
  }
  return lastSender;
}

/** The bytes of a message's line, as `encode` gives it; counted where they are not known. */
export function lineBytes({ size, from }: Message<unknown>, line: string): number {
  if (size === 0) return Buffer.byteLength(line);
  senderOf(from);
  return size + lastSenderBytes;
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
