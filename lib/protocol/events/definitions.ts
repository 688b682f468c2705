// Events and what they carry, declared in code: one declaration gives the types of emitters and callbacks, and what both
// sides check. To add an event, add it to a catalog.

import { UsageError } from '../../base/errors.ts';
import type { ContentOf, ContentType } from './definitions/content.ts';
import { checkedName } from './wire.ts';

/** An event of a catalog; as text it is its name. */
export class Event<C extends unknown[] = unknown[]> {
  readonly name: string;
  /** Types only; never set. */
  declare readonly content?: C;
  readonly #types: readonly ContentType[] | undefined;

  /** `types`: one for each value of the content; without them anything goes. @throws UsageError INVALID_NAME */
  constructor(name: string, types?: readonly ContentType[]) {
    this.name = checkedName(name);
    this.#types = types;
  }

  toString(): string {
    return this.name;
  }

  /** Why this content is none of this event; undefined where it is. */
  misfit(content: readonly unknown[]): string | undefined {
    const types = this.#types;
    if (types === undefined) return undefined;
    if (types.length !== content.length) return `it has ${content.length} values, ${this.name} has ${types.length}`;
    const at = types.findIndex((type, index) => !type.fits(content[index]));
    return at === -1 ? undefined : `value ${at + 1} of ${this.name} must be ${types[at]?.words}`;
  }
}

/** What a catalog is made of: a name, and the types of its content. */
export type CatalogTypes = Readonly<Record<string, readonly ContentType[]>>;

export type CatalogOf<T extends CatalogTypes> = { readonly [N in keyof T]: Event<ContentOf<T[N]>> };

/**
 * Events of one's own: `defineCatalog({ JOB_DONE: [text, number] })`. Both sides check the content: `emit` throws, and what
 * comes in with another one is counted and skipped. @throws UsageError INVALID_NAME, INVALID_VALUE
 */
export function defineCatalog<const T extends CatalogTypes>(types: T): CatalogOf<T> {
  const entries = Object.entries(types).map(([name, list]) => {
    const isList = Array.isArray(list) && list.every(one => typeof (one as ContentType | null)?.fits === 'function');
    if (isList) return [name, new Event(name, list)];
    throw new UsageError('INVALID_VALUE', `the content of ${name} is no list of types`);
  });
  return Object.freeze(Object.fromEntries(entries)) as CatalogOf<T>;
}
