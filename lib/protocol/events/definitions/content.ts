// Types of what an event carries.

/** A type of one value: what it looks like in code, and whether a value is of it. */
export interface ContentType<T = unknown> {
  /** In an error: `value 1 must be a text`. */
  readonly words: string;
  fits(value: unknown): value is T;
}

/** The types of a content, as a tuple of values. */
export type ContentOf<T extends readonly ContentType[]> = {
  -readonly [I in keyof T]: T[I] extends ContentType<infer V> ? V : never;
};

function typeOf<T>(words: string, fits: (value: unknown) => boolean): ContentType<T> {
  return { words, fits: fits as (value: unknown) => value is T };
}

export const text: ContentType<string> = typeOf('a text', value => typeof value === 'string');
export const number: ContentType<number> = typeOf('a number', value => typeof value === 'number');
export const flag: ContentType<boolean> = typeOf('true or false', value => typeof value === 'boolean');
export const bytes: ContentType<Uint8Array> = typeOf('bytes', value => value instanceof Uint8Array);
/** Whole; a bigint past 2^53. */
export const integer: ContentType<number | bigint> = typeOf(
  'a whole number',
  value => typeof value === 'bigint' || Number.isSafeInteger(value),
);
export const anything: ContentType<unknown> = typeOf('anything', () => true);

/** Also nothing: None, null. */
export function orNothing<T>(type: ContentType<T>): ContentType<T | null> {
  return typeOf(`${type.words} or nothing`, value => value === null || type.fits(value));
}

/** A list of such values. */
export function listOf<T>(type: ContentType<T>): ContentType<readonly T[]> {
  return typeOf(
    `a list, each of it ${type.words}`,
    value => Array.isArray(value) && value.every(one => type.fits(one)),
  );
}

/** An object (a dict) with at least these keys. */
export function dict<T extends Readonly<Record<string, ContentType>>>(
  types: T,
): ContentType<{ readonly [K in keyof T]: T[K] extends ContentType<infer V> ? V : never }> {
  const entries = Object.entries(types);
  const words = `an object of ${entries.map(([key, type]) => `${key} (${type.words})`).join(', ')}`;
  return typeOf(words, value => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    return entries.every(
      ([key, type]) => Object.hasOwn(value, key) && type.fits((value as Record<string, unknown>)[key]),
    );
  });
}
