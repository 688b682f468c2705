// What was read, made ready for a callback, and measured.
//
// A pickle may refer to the same list a thousand times, and that list to another one so: a few bytes that whoever prints or
// copies them takes for gigabytes. So each reference counts as what it refers to, and the walk ends at the limits; what
// refers to itself is too deep.

import { PeerError } from '../../../base/errors.ts';

export interface ContentLimits {
  /** Deepest nesting. @default 100 */
  readonly depth: number;
  /** Most values, each counted as often as it is referred to. @default 100_000 */
  readonly items: number;
  /** Most characters and bytes of all texts, counted in the same way. @default 16 Mi */
  readonly text: number;
}

export const contentLimits: ContentLimits = { depth: 100, items: 100_000, text: 16 * 1024 * 1024 };

/** What came is no content that is taken. */
export function refused(why: string): PeerError {
  return new PeerError('INVALID_CONTENT', `the content cannot be taken: ${why}`);
}

/** The value with its Maps made plain objects where all keys are texts. @throws PeerError INVALID_CONTENT */
export function settled(value: unknown, limits: ContentLimits): unknown {
  return new Walk(limits).visit(value, 0);
}

class Walk {
  readonly #limits: ContentLimits;
  #items = 0;
  #text = 0;

  constructor(limits: ContentLimits) {
    this.#limits = limits;
  }

  visit(value: unknown, depth: number): unknown {
    this.#items += 1;
    if (this.#items > this.#limits.items) throw refused(`more than ${this.#limits.items} values`);
    if (typeof value === 'string') this.#grow(value.length);
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof Uint8Array) this.#grow(value.length);
    if (value instanceof Uint8Array) return value;
    if (depth >= this.#limits.depth) throw refused(`deeper than ${this.#limits.depth}`);
    if (Array.isArray(value)) return this.#list(value, depth + 1);
    return value instanceof Map ? this.#map(value, depth + 1) : this.#object(value, depth + 1);
  }

  #grow(length: number): void {
    this.#text += length;
    if (this.#text > this.#limits.text) throw refused(`more than ${this.#limits.text} characters`);
  }

  #list(list: unknown[], depth: number): unknown[] {
    for (let at = 0; at < list.length; at += 1) list[at] = this.visit(list[at], depth);
    return list;
  }

  #map(map: ReadonlyMap<unknown, unknown>, depth: number): unknown {
    const entries: [unknown, unknown][] = [];
    for (const [key, value] of map) entries.push([this.visit(key, depth), this.visit(value, depth)]);
    const isPlain = entries.every(([key]) => typeof key === 'string');
    return isPlain ? plainObject(entries as [string, unknown][]) : new Map(entries);
  }

  /** Of JSON, or a dict that was referred to twice. */
  #object(object: object, depth: number): object {
    for (const [key, value] of Object.entries(object)) {
      this.#grow(key.length);
      this.visit(value, depth);
    }
    return object;
  }
}

/** `__proto__` becomes a key as any other. */
function plainObject(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries);
}
