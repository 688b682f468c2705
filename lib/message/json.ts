// The JSON form of a message (reference eventdispatcher §3.2), told from text by its first character:
//
//   {"sent-from-server":"","sent-from-service":"","server":"","service":"","command":"","parameters":{name:value}}
//
// A reader of its own, because the wire is wider and narrower than JSON.parse: control characters may stand bare
// in strings, numbers keep their digits (no integer goes through a double), and only one level is allowed.

import { PeerError, UsageError } from '../base/errors.ts';
import { Message } from './message.ts';
import { isName } from './names.ts';

const fields = ['sent-from-server', 'sent-from-service', 'server', 'service', 'command'] as const;
type Field = (typeof fields)[number];

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const wordPattern = /true|false|null/y;
const blankPattern = /[ \t\r\n]*/y;
const loneSurrogate = /\p{Surrogate}/u;
/** Numbers that both sides read back as they were: others would come out of the double over there changed. */
const plainNumber = /^(?:0|-?[1-9]\d{0,14}|-?(?:0|[1-9]\d{0,8})\.\d{6})$/;

/** @throws PeerError INVALID_LINE */
export function decodeJson(line: string): Message {
  if (loneSurrogate.test(line)) throw invalid('JSON must be UTF-8');
  const reader = new Reader(line);
  const found: { [F in Field]?: string } = {};
  const list: string[] = [];
  reader.members(key => {
    if (reader.next() === '{') {
      if (key !== 'parameters') throw invalid(`field "${key}" cannot be an object`, found.command);
      reader.members(name => list.push(name, reader.scalar()));
    } else {
      const text = reader.string();
      if (isField(key)) found[key] = text;
    }
  });
  reader.end();
  if (found.command === undefined) throw invalid('there is no command');
  const from = { server: found['sent-from-server'] ?? '', service: found['sent-from-service'] ?? '' };
  const to = { server: found.server ?? '', service: found.service ?? '' };
  const oddName = list.find((name, at) => at % 2 === 0 && !isName(name));
  if (oddName === undefined) return new Message(found.command, list, from, to);
  return new OddMessage(oddName, found.command, list, from, to);
}

/** A message that was read, and that the door will refuse. */
class OddMessage extends Message {
  readonly #oddName: string;

  constructor(oddName: string, ...parts: ConstructorParameters<typeof Message>) {
    super(...parts);
    this.#oddName = oddName;
  }

  override get oddName(): string {
    return this.#oddName;
  }
}

/**
 * The JSON line of a message, without its line feed; empty fields are left out.
 * @throws UsageError INVALID_VALUE for a value with bytes that are not UTF-8
 */
export function encodeJson(message: Message<unknown>): string {
  const { command, from, to } = message;
  const texts: [Field, string][] = [
    ['sent-from-server', from.server],
    ['sent-from-service', from.service],
    ['server', to.server],
    ['service', to.service],
    ['command', command],
  ];
  const members = texts.filter(([, text]) => text !== '').map(([field, text]) => `"${field}":${JSON.stringify(text)}`);
  const parameters = message.sorted().map(([name, value]) => `${JSON.stringify(name)}:${jsonValue(value)}`);
  if (parameters.length > 0) members.push(`"parameters":{${parameters.join(',')}}`);
  const line = `{${members.join(',')}}`;
  // JSON.stringify writes half a surrogate pair as an escape, so it is looked for in what was given.
  const given = [...texts.map(([, text]) => text), ...message.list].some(text => loneSurrogate.test(text));
  if (!given) return line;
  throw new UsageError('INVALID_VALUE', 'a value holds bytes that are not UTF-8, which JSON cannot carry');
}

function jsonValue(value: string): string {
  const bare = value === 'true' || value === 'false' || (plainNumber.test(value) && numberText(value) === value);
  return bare ? value : JSON.stringify(value);
}

function isField(key: string): key is Field {
  return (fields as readonly string[]).includes(key);
}

/** Walks along the line; each method takes what it reads, or throws. */
class Reader {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  /** The next character that is no blank; empty at the end. */
  next(): string {
    this.#match(blankPattern);
    return this.#line.charAt(this.#at);
  }

  end(): void {
    if (this.next() !== '') throw invalid('more text follows behind the last }');
  }

  /** `{"key":…,"key":…}`: calls `member` to read each value. An empty object is allowed for parameters alone. */
  members(member: (key: string) => void): void {
    this.#take('{');
    if (this.next() === '}') return this.#take('}');
    for (;;) {
      const key = this.string();
      this.#take(':');
      member(key);
      if (this.next() === '}') return this.#take('}');
      this.#take(',');
    }
  }

  string(): string {
    const end = this.next() === '"' ? this.#stringEnd() : -1;
    if (end < 0) throw invalid(`a string is expected at ${this.#at + 1}`);
    const raw = this.#line.slice(this.#at + 1, end);
    this.#at = end + 1;
    return raw.includes('\\') ? this.#unescape(raw) : raw;
  }

  /** The quote behind the string that begins here; -1 where there is none. A pattern would run out of stack. */
  #stringEnd(): number {
    let at = this.#at + 1;
    while (at < this.#line.length && this.#line[at] !== '"') at += this.#line[at] === '\\' ? 2 : 1;
    return at < this.#line.length ? at : -1;
  }

  scalar(): string {
    if (this.next() === '"') return this.string();
    const word = this.#match(wordPattern)?.[0];
    if (word !== undefined) return word === 'null' ? '' : word;
    const number = this.#match(numberPattern)?.[0];
    if (number !== undefined) return numberText(number);
    throw invalid(`a string, number, true, false or null is expected at ${this.#at + 1}`);
  }

  #unescape(raw: string): string {
    const guarded = raw.replaceAll(controls, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
    try {
      const text = JSON.parse(`"${guarded}"`) as string;
      if (!loneSurrogate.test(text)) return text;
    } catch {
      // told below, as half a surrogate pair is
    }
    throw invalid('a string holds an escape that means nothing');
  }

  #take(char: string): void {
    if (this.next() !== char) throw invalid(`"${char}" is expected at ${this.#at + 1}`);
    this.#at += 1;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#line);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
const controls = /[\u0000-\u001f]/g;

/**
 * Integers keep their digits. Fractions get the six places that C++ peers give them, as long as that is the same
 * number; otherwise they too stay as written.
 */
function numberText(number: string): string {
  if (/^-?\d+$/.test(number)) return number;
  const value = Number(number);
  const text = Number.isInteger(value) && !number.includes('.') ? String(value) : value.toFixed(6);
  return Number(text) === value && /^-?\d+(?:\.\d+)?$/.test(text) ? text : number;
}

function invalid(reason: string, command?: string): PeerError {
  return new PeerError('INVALID_LINE', reason, command);
}
