// Reads pickle, protocols 0 to 4, as data and nothing else: no name is looked up, nothing is called, no object is built.
//
// Python's own reader runs whatever a pickle names. This one knows None, booleans, integers, floats, texts, bytes, lists,
// tuples and dicts, and the memo; each other opcode ends it. While it reads, a dict is a Map; `settled` makes plain objects
// of those with texts for keys, and measures all as if nothing in it were shared.

import { Cursor } from './cursor.ts';
import { decimal, longOf } from './integers.ts';
import { kinds, op, refusedOpcodes } from './opcodes.ts';
import { readBytesRepr, readFloat, readUnicodeLine, readUtf8 } from './pickle-text.ts';
import type { ContentLimits } from './settle.ts';
import { refused } from './settle.ts';

/** The value as it was pickled, dicts as Maps. @throws PeerError INVALID_CONTENT */
export function unpickle(bytes: Buffer, limits: ContentLimits): unknown {
  return new Reader(bytes, limits.items).read();
}

class Reader {
  readonly #in: Cursor;
  readonly #most: number;
  readonly #stack: unknown[] = [];
  readonly #marks: number[] = [];
  /** Places from 0 on without a gap, as everybody fills it; others stand in `#far`. */
  readonly #memo: unknown[] = [];
  #far: Map<number, unknown> | undefined;

  constructor(bytes: Buffer, most: number) {
    this.#in = new Cursor(bytes);
    this.#most = most;
  }

  read(): unknown {
    for (;;) {
      const code = this.#in.byte();
      if (code === op.stop) return this.#pop();
      if (!this.#step(code)) {
        const name = refusedOpcodes.get(code);
        throw refused(name === undefined ? `opcode ${code} is none of data` : `${name} is refused: it is no data`);
      }
      if (this.#stack.length + this.#marks.length > this.#most) throw refused(`more than ${this.#most} values`);
    }
  }

  #step(code: number): boolean {
    // Which kind it is stands in a table: to ask the kinds in turn takes longer.
    switch (kinds[code]) {
      case 'number':
        return this.#number(code);
      case 'text':
        return this.#text(code);
      case 'container':
        return this.#container(code);
      default:
        return this.#remembered(code);
    }
  }

  #number(code: number): boolean {
    switch (code) {
      case op.none:
        return this.#push(null);
      case op.newTrue:
        return this.#push(true);
      case op.newFalse:
        return this.#push(false);
      case op.int:
        return this.#push(this.#intLine());
      case op.long:
        return this.#push(decimal(this.#in.line().replace(/L$/, '')));
      case op.binInt1:
        return this.#push(this.#in.byte());
      case op.binInt2:
        return this.#push(this.#in.half());
      case op.binInt:
        return this.#push(this.#in.signedWord());
      case op.long1:
        return this.#push(longOf(this.#in.slice(this.#in.byte())));
      case op.long4:
        return this.#push(longOf(this.#in.slice(this.#in.word())));
      case op.float:
        return this.#push(known(readFloat(this.#in.line()), 'a float'));
      case op.binFloat:
        return this.#push(this.#in.double());
      default:
        return false;
    }
  }

  #text(code: number): boolean {
    switch (code) {
      case op.string:
        return this.#push(textOfBytes(known(readBytesRepr(this.#in.line()), 'a string')));
      case op.shortBinString:
        return this.#push(textOrBytes(this.#in.slice(this.#in.byte())));
      case op.binString:
        return this.#push(textOrBytes(this.#in.slice(this.#in.word())));
      case op.unicode:
        return this.#push(known(readUnicodeLine(this.#in.line()), 'a text'));
      case op.shortBinUnicode:
        return this.#push(known(readUtf8(this.#in.slice(this.#in.byte())), 'a text'));
      case op.binUnicode:
        return this.#push(known(readUtf8(this.#in.slice(this.#in.word())), 'a text'));
      case op.binUnicode8:
        return this.#push(known(readUtf8(this.#in.slice(this.#in.length8())), 'a text'));
      case op.shortBinBytes:
        return this.#push(copied(this.#in.slice(this.#in.byte())));
      case op.binBytes:
        return this.#push(copied(this.#in.slice(this.#in.word())));
      case op.binBytes8:
        return this.#push(copied(this.#in.slice(this.#in.length8())));
      default:
        return false;
    }
  }

  #container(code: number): boolean {
    switch (code) {
      case op.mark:
        return this.#marks.push(this.#stack.length) > 0;
      case op.emptyTuple:
      case op.emptyList:
        return this.#push([]);
      case op.emptyDict:
        return this.#push(new Map());
      case op.tuple:
      case op.list:
        return this.#push(this.#popMark());
      case op.tuple1:
      case op.tuple2:
      case op.tuple3:
        return this.#push(this.#popSome(code - op.tuple1 + 1));
      case op.dict:
        return this.#push(filled(new Map(), this.#popMark()));
      case op.append:
        return this.#extend([this.#pop()]);
      case op.appends:
        return this.#extend(this.#popMark());
      case op.setItem:
        return this.#fill(this.#popSome(2));
      case op.setItems:
        return this.#fill(this.#popMark());
      default:
        return false;
    }
  }

  #remembered(code: number): boolean {
    switch (code) {
      case op.put:
        return this.#remember(this.#indexLine());
      case op.binPut:
        return this.#remember(this.#in.byte());
      case op.longBinPut:
        return this.#remember(this.#in.word());
      case op.memoize:
        return this.#remember(this.#memoSize);
      case op.get:
        return this.#recall(this.#indexLine());
      case op.binGet:
        return this.#recall(this.#in.byte());
      case op.longBinGet:
        return this.#recall(this.#in.word());
      case op.dup:
        return this.#push(this.#top);
      case op.pop:
        return this.#drop();
      case op.popMark:
        return this.#popMark().length >= 0;
      case op.proto:
        return this.#protocol(this.#in.byte());
      case op.frame:
        return this.#in.skip(8) >= 0;
      default:
        return false;
    }
  }

  #push(value: unknown): true {
    this.#stack.push(value);
    return true;
  }

  get #top(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw refused('something is taken from an empty stack');
    return this.#stack.at(-1);
  }

  #pop(): unknown {
    const top = this.#top;
    this.#stack.pop();
    return top;
  }

  #popSome(count: number): unknown[] {
    if (this.#stack.length - count < (this.#marks.at(-1) ?? 0)) throw refused('something is taken from an empty stack');
    return this.#stack.splice(this.#stack.length - count);
  }

  #popMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw refused('no mark was set');
    return this.#stack.splice(mark);
  }

  /** POP takes a mark too, where one is on top. */
  #drop(): true {
    if (this.#marks.length > 0 && this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
    else this.#pop();
    return true;
  }

  #extend(items: unknown[]): true {
    const list = this.#top;
    if (!Array.isArray(list)) throw refused('something is appended to what is no list');
    for (const item of items) list.push(item);
    return true;
  }

  #fill(items: unknown[]): true {
    const dict = this.#top;
    if (!(dict instanceof Map)) throw refused('a key is set in what is no dict');
    filled(dict, items);
    return true;
  }

  #remember(index: number): true {
    if (index <= this.#memo.length) {
      this.#memo[index] = this.#top;
    } else {
      this.#far ??= new Map();
      this.#far.set(index, this.#top);
    }
    if (this.#memoSize > this.#most) throw refused(`more than ${this.#most} values`);
    return true;
  }

  #recall(index: number): true {
    if (index < this.#memo.length) return this.#push(this.#memo[index]);
    if (this.#far?.has(index) !== true) throw refused(`nothing is remembered as ${index}`);
    return this.#push(this.#far.get(index));
  }

  get #memoSize(): number {
    return this.#memo.length + (this.#far?.size ?? 0);
  }

  #protocol(version: number): true {
    if (version > 4) throw refused(`protocol ${version} is none of 0 to 4`);
    return true;
  }

  #intLine(): number | bigint | boolean {
    const line = this.#in.line();
    if (line === '01' || line === '00') return line === '01';
    return decimal(line);
  }

  #indexLine(): number {
    const index = decimal(this.#in.line());
    if (typeof index === 'bigint' || index < 0) throw refused(`${index} is no place of the memo`);
    return index;
  }
}

/** The same for bytes that stand as characters. */
function textOfBytes(bytes: string): string | Uint8Array {
  return /^[\0-\x7f]*$/.test(bytes) ? bytes : textOrBytes(Buffer.from(bytes, 'latin1'));
}

/** Byte strings of Python 2 are text and bytes at once: text where they are UTF-8. */
function textOrBytes(bytes: Buffer): string | Uint8Array {
  return readUtf8(bytes) ?? copied(bytes);
}

function copied(bytes: Buffer): Uint8Array {
  return Uint8Array.from(bytes);
}

function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw refused(`${what} cannot be read`);
  return value;
}

function filled(dict: Map<unknown, unknown>, items: unknown[]): Map<unknown, unknown> {
  if (items.length % 2 === 1) throw refused('a key has no value');
  for (let at = 0; at < items.length; at += 2) dict.set(items[at], items[at + 1]);
  return dict;
}
