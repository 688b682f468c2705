// The values that a JSON Schema describes, as types. What it does not know is `unknown`, and still checked when it runs.

/** A JSON Schema (draft 7). */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema | readonly Schema[];
  readonly properties?: Properties;
  readonly required?: readonly string[];
  readonly [keyword: string]: unknown;
}

/** Named values: all must be there, and no others. */
export type Properties = { readonly [name: string]: Schema };

export type ValueOf<S> = S extends { readonly const: infer C }
  ? C
  : S extends { readonly enum: readonly (infer E)[] }
    ? E
    : S extends { readonly anyOf: readonly (infer A)[] }
      ? ValueOf<A>
      : S extends { readonly type: infer T }
        ? OfType<T extends readonly (infer U)[] ? U : T, S>
        : unknown;

type OfType<T, S> = T extends 'integer' | 'number'
  ? number
  : T extends 'string'
    ? string
    : T extends 'boolean'
      ? boolean
      : T extends 'null'
        ? null
        : T extends 'array'
          ? ArrayOf<S>
          : T extends 'object'
            ? ObjectOf<S>
            : unknown;

type ArrayOf<S> = S extends { readonly items: infer I } ? readonly ValueOf<I>[] : readonly unknown[];

type RequiredOf<S> = S extends { readonly required: readonly (infer N)[] } ? N : never;

type ObjectOf<S> = S extends { readonly properties: infer P }
  ? { readonly [K in keyof P as K extends RequiredOf<S> ? K : never]: ValueOf<P[K]> } & {
      readonly [K in keyof P as K extends RequiredOf<S> ? never : K]?: ValueOf<P[K]>;
    }
  : { readonly [name: string]: unknown };

/** The values of named properties, each of which must be there. */
export type ValuesOf<P> = { readonly [K in keyof P]: ValueOf<P[K]> };
