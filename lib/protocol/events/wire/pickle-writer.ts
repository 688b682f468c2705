// The content of an event as Python's pickle writes it, protocols 0 and 2.
//
// The result is a binary string: each character is one byte. All of protocol 0 is Latin-1 text anyway, and one string
// becomes one buffer faster than many small buffers do.
//
// Two dialects, because the two Pythons write the same values differently: Python 2 has byte strings for ASCII texts, and
// plain integers of 64 bits; Python 3 has only Unicode, and 32 bits before it says `long`. Both read both.

import { UsageError } from '../../../base/errors.ts';
import { bytesRepr, floatRepr, unicodeLine, utf8Bytes } from './pickle-text.ts';

export type PickleDialect = 'python2' | 'python3';

export interface PickleForm {
  /** 0 is what Python 2 writes by itself; 2 is shorter. @default 0 */
  readonly protocol: 0 | 2;
  /** Whose way of writing. @default 'python2' */
  readonly dialect: PickleDialect;
}

export const pickleDefaults: PickleForm = { protocol: 0, dialect: 'python2' };

/** Deepest nesting that is written. */
const deepest = 100;
/** Items in one go of protocol 2, as in Python. */
const batch = 1_000;

/** A tuple of the values. @throws UsageError INVALID_VALUE for what is no data, refers to itself or is too deep */
export function pickle(content: readonly unknown[], { protocol, dialect }: PickleForm = pickleDefaults): string {
  return protocol === 0 ? new TextWriter(dialect).whole(content) : new BinaryWriter(dialect).whole(content);
}

abstract class Writer {
  protected readonly dialect: PickleDialect;
  #memo = 0;
  /** Where each container stands in the memo; null while it is being written. */
  #seen: Map<object, number | null> | undefined;
  #depth = 0;

  constructor(dialect: PickleDialect) {
    this.dialect = dialect;
  }

  abstract whole(content: readonly unknown[]): string;
  protected abstract put(index: number): string;
  protected abstract get(index: number): string;
  protected abstract boolean(value: boolean): string;
  protected abstract whole32(value: number): string;
  protected abstract long(value: bigint): string;
  protected abstract float(value: number): string;
  protected abstract text(value: string): string;
  protected abstract bytes(value: string): string;
  protected abstract list(items: readonly unknown[]): string;
  protected abstract dict(entries: readonly (readonly [unknown, unknown])[]): string;

  protected remember(): string {
    this.#memo += 1;
    return this.put(this.#memo - 1);
  }

  protected value(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return this.#string(value) + this.remember();
      case 'number':
        return Number.isSafeInteger(value) && !Object.is(value, -0) ? this.#integer(value) : this.float(value);
      case 'bigint':
        return this.#integer(value);
      case 'boolean':
        return this.boolean(value);
      case 'undefined':
        return 'N';
      case 'object':
        return value === null ? 'N' : this.#object(value);
      default:
        throw invalid(`a ${typeof value}`);
    }
  }

  protected values(items: readonly unknown[]): string {
    let out = '';
    for (const item of items) out += this.value(item);
    return out;
  }

  #string(value: string): string {
    return this.dialect === 'python2' && /^[\0-\x7f]*$/.test(value) ? this.bytes(value) : this.text(value);
  }

  #integer(value: number | bigint): string {
    if (value >= -0x8000_0000 && value <= 0x7fff_ffff) return this.whole32(Number(value));
    const exact = BigInt(value);
    return this.dialect === 'python2' && BigInt.asIntN(64, exact) === exact ? `I${value}\n` : this.long(exact);
  }

  #object(value: object): string {
    if (value instanceof Uint8Array) {
      return this.bytes(Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')) + this.remember();
    }
    const known = this.#seen?.get(value);
    if (known === null) throw invalid('a value that refers to itself');
    if (known !== undefined) return this.get(known);
    if (this.#depth === deepest) throw invalid(`a value deeper than ${deepest}`);
    this.#seen ??= new Map();
    this.#seen.set(value, null);
    this.#depth += 1;
    const index = this.#memo;
    const out = Array.isArray(value) ? this.list(value) : this.dict(entriesOf(value));
    this.#depth -= 1;
    this.#seen.set(value, index);
    return out;
  }
}

class TextWriter extends Writer {
  override whole(content: readonly unknown[]): string {
    if (content.length === 0) return '(t.';
    return `(${this.values(content)}t${this.remember()}.`;
  }

  protected override put(index: number): string {
    return `p${index}\n`;
  }
  protected override get(index: number): string {
    return `g${index}\n`;
  }
  protected override boolean(value: boolean): string {
    return value ? 'I01\n' : 'I00\n';
  }
  protected override whole32(value: number): string {
    return `I${value}\n`;
  }
  protected override long(value: bigint): string {
    return `L${value}L\n`;
  }
  protected override float(value: number): string {
    return `F${floatRepr(value)}\n`;
  }
  protected override text(value: string): string {
    return `V${unicodeLine(value)}\n`;
  }
  protected override bytes(value: string): string {
    return `S${bytesRepr(value)}\n`;
  }

  protected override list(items: readonly unknown[]): string {
    let out = `(l${this.remember()}`;
    for (const item of items) out += `${this.value(item)}a`;
    return out;
  }

  protected override dict(entries: readonly (readonly [unknown, unknown])[]): string {
    let out = `(d${this.remember()}`;
    for (const entry of entries) out += `${this.values(entry)}s`;
    return out;
  }
}

class BinaryWriter extends Writer {
  override whole(content: readonly unknown[]): string {
    if (content.length === 0) return '\x80\x02).';
    if (content.length > 3) return `\x80\x02(${this.values(content)}t${this.remember()}.`;
    return `\x80\x02${this.values(content)}${String.fromCharCode(0x84 + content.length)}${this.remember()}.`;
  }

  protected override put(index: number): string {
    return index < 256 ? `q${byte(index)}` : `r${word(index)}`;
  }
  protected override get(index: number): string {
    return index < 256 ? `h${byte(index)}` : `j${word(index)}`;
  }
  protected override boolean(value: boolean): string {
    return value ? '\x88' : '\x89';
  }

  protected override whole32(value: number): string {
    if (value < 0 || value > 0xffff) return `J${word(value)}`;
    return value < 256 ? `K${byte(value)}` : `M${byte(value & 0xff)}${byte(value >> 8)}`;
  }

  protected override long(value: bigint): string {
    const bytes = twosComplement(value);
    return bytes.length < 256 ? `\x8a${byte(bytes.length)}${bytes}` : `\x8b${word(bytes.length)}${bytes}`;
  }

  protected override float(value: number): string {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeDoubleBE(value);
    return `G${bytes.toString('latin1')}`;
  }

  protected override text(value: string): string {
    const bytes = utf8Bytes(value);
    return `X${word(bytes.length)}${bytes}`;
  }

  protected override bytes(value: string): string {
    return value.length < 256 ? `U${byte(value.length)}${value}` : `T${word(value.length)}${value}`;
  }

  protected override list(items: readonly unknown[]): string {
    let out = `]${this.remember()}`;
    for (let at = 0; at < items.length; at += batch) {
      const some = items.slice(at, at + batch);
      out += some.length === 1 ? `${this.values(some)}a` : `(${this.values(some)}e`;
    }
    return out;
  }

  protected override dict(entries: readonly (readonly [unknown, unknown])[]): string {
    let out = `}${this.remember()}`;
    for (let at = 0; at < entries.length; at += batch) {
      const some = entries.slice(at, at + batch);
      out += some.length === 1 ? `${this.values(some.flat())}s` : `(${this.values(some.flat())}u`;
    }
    return out;
  }
}

/** Keys without a value are left out, as JSON does. */
function entriesOf(value: object): (readonly [unknown, unknown])[] {
  if (value instanceof Map) return [...(value as Map<unknown, unknown>)].map(checkedKey);
  const parent: unknown = Object.getPrototypeOf(value);
  if (parent !== Object.prototype && parent !== null) throw invalid(`a ${value.constructor.name}`);
  return Object.entries(value).filter(([, one]) => one !== undefined);
}

function checkedKey(entry: readonly [unknown, unknown]): readonly [unknown, unknown] {
  if (typeof entry[0] === 'object' && entry[0] !== null) throw invalid('an object as a key');
  return entry;
}

function byte(value: number): string {
  return String.fromCharCode(value);
}

/** Four bytes, the lowest first. */
function word(value: number): string {
  return String.fromCharCode(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff);
}

/** The fewest bytes that hold it with its sign, the lowest first. */
function twosComplement(value: bigint): string {
  const magnitude = value < 0n ? -value - 1n : value;
  const length = Math.floor(magnitude.toString(2).length / 8) + 1;
  const digits = BigInt.asUintN(length * 8, value)
    .toString(16)
    .padStart(length * 2, '0');
  return Buffer.from(digits, 'hex').reverse().toString('latin1');
}

function invalid(what: string): UsageError {
  return new UsageError('INVALID_VALUE', `the content of an event cannot hold ${what}`);
}
