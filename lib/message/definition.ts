// Messages declared in code: one declaration gives the types at compile time and the checks at run time.

import { asError, PeerError, UsageError } from '../base/errors.ts';
import type { Addressing } from './message.ts';
import { Message } from './message.ts';
import * as names from './names.ts';
import type { HostPort, Timespec, Value, Values } from './values.ts';
import * as values from './values.ts';

export interface ParameterRules {
  /** The parameter may be missing. @default false */
  readonly optional?: boolean | undefined;
  /** Its value may be empty text. @default true for strings, false for all else */
  readonly empty?: boolean | undefined;
}

/** The least and the greatest value that is fine; both are. */
export interface Range<T> {
  readonly min?: T | undefined;
  readonly max?: T | undefined;
}

/** One declared parameter: how its text is read, and whether it may be missing or empty. */
export interface Parameter<T extends Value, Optional extends boolean = boolean> {
  readonly optional: Optional;
  readonly empty: boolean;
  /** @throws RangeError with the reason. */
  readonly read: (text: string) => T;
}

export type Shape = { readonly [name: string]: Parameter<Value> };

/** The values that a shape declares; optional ones may be undefined. */
export type ValuesOf<S extends Shape> = {
  readonly [N in keyof S]: S[N] extends Parameter<infer T, infer O> ? (O extends true ? T | undefined : T) : never;
};

type Declare<T extends Value, Rules extends object = object> = {
  (rules: ParameterRules & Rules & { readonly optional: true }): Parameter<T, true>;
  (rules?: ParameterRules & Rules): Parameter<T, false>;
};

function declare<T extends Value>(read: (text: string) => T, emptyIsFine: boolean): Declare<T> {
  const make = ({ optional = false, empty = emptyIsFine }: ParameterRules = {}): Parameter<T> =>
    Object.freeze({ optional, empty, read });
  return make as Declare<T>;
}

function declareRange<T extends number | bigint>(read: (text: string) => T): Declare<T, Range<T>> {
  const make = ({ min, max, optional = false, empty = false }: ParameterRules & Range<T> = {}): Parameter<T> => {
    if (min !== undefined && max !== undefined && min > max) {
      throw new UsageError('OUT_OF_RANGE', `no value is at least ${min} and at most ${max}`);
    }
    return Object.freeze({ optional, empty, read: (text: string) => within(read(text), min, max) });
  };
  return make as Declare<T, Range<T>>;
}

/** Any text. */
export const string: Declare<string> = declare<string>(text => text, true);
/** A decimal integer that a number holds exactly. `min` and `max` are optional. */
export const integer: Declare<number, Range<number>> = declareRange<number>(values.readInteger);
/** A decimal integer of 64 bits. `min` and `max` are optional. */
export const bigint: Declare<bigint, Range<bigint>> = declareRange<bigint>(values.readBigint);
/** A decimal number: `7`, `-1.5`, `1e-3`. `min` and `max` are optional. */
export const number: Declare<number, Range<number>> = declareRange<number>(values.readNumber);
/** `true` or `false`. */
export const boolean: Declare<boolean> = declare<boolean>(values.readBoolean, false);
/** Seconds with up to nine digits of fraction. */
export const timespec: Declare<Timespec> = declare<Timespec>(values.readTimespec, false);
/** `host:port`. */
export const address: Declare<HostPort> = declare<HostPort>(values.readHostPort, false);

/** One of some words. */
export function oneOf<const T extends string>(
  words: readonly T[],
  rules: ParameterRules & { readonly optional: true },
): Parameter<T, true>;
export function oneOf<const T extends string>(words: readonly T[], rules?: ParameterRules): Parameter<T, false>;
export function oneOf<const T extends string>(words: readonly T[], rules?: ParameterRules): Parameter<T> {
  const read = (text: string): T => {
    const word = words.find(one => one === text);
    if (word !== undefined) return word;
    throw new RangeError(`"${values.shown(text)}" is none of ${words.join(', ')}`);
  };
  return (declare<T>(read, false) as (rules?: ParameterRules) => Parameter<T>)(rules);
}

function refuse(): never {
  throw new RangeError('it is forbidden');
}

/** A parameter that must not be there. */
export function forbidden(): Parameter<string, true> {
  return Object.freeze({ optional: true, empty: true, read: refuse });
}

/** A declared message. */
export class MessageDefinition<P = unknown> {
  readonly command: string;
  readonly #shape: Shape;

  constructor(command: string, shape: Shape) {
    this.command = names.command(command);
    for (const name of Object.keys(shape)) names.name('parameter', name);
    this.#shape = shape;
  }

  /** The names of the parameters that it may have. */
  get parameters(): string[] {
    return Object.keys(this.#shape).filter(name => this.#shape[name]?.read !== refuse);
  }

  /** The message with its declared parameters read. @throws PeerError INVALID_PARAMETER with every reason at once. */
  read(message: Message<unknown>): Message<P> {
    const parameters = Object.create(null) as Record<string, Value | undefined>;
    const reasons: string[] = [];
    for (const [name, parameter] of Object.entries(this.#shape)) {
      try {
        parameters[name] = readOne(parameter, message.get(name));
      } catch (error) {
        reasons.push(`parameter ${name}: ${asError(error).message}`);
      }
    }
    if (reasons.length === 0) return message.typed(Object.freeze(parameters) as P);
    throw new PeerError('INVALID_PARAMETER', reasons.join(', '), message.command);
  }

  /** A message of this definition. @throws PeerError INVALID_PARAMETER, UsageError INVALID_NAME, INVALID_VALUE */
  of(parameters: P, addressing: Addressing = {}): Message<P> {
    return this.read(Message.of(this.command, parameters as Values, addressing));
  }
}

/**
 * Declares a message.
 * @example const EVENT = defineMessage('EVENT', { id: integer(), text: string() })
 * @throws UsageError INVALID_NAME
 */
export function defineMessage<S extends Shape>(command: string, shape: S): MessageDefinition<ValuesOf<S>> {
  return new MessageDefinition<ValuesOf<S>>(command, shape);
}

function readOne(parameter: Parameter<Value>, text: string | undefined): Value | undefined {
  if (text === undefined) {
    if (parameter.optional) return undefined;
    throw new RangeError('it is missing');
  }
  if (text === '' && !parameter.empty) throw new RangeError('it is empty');
  return parameter.read(text);
}

function within<T extends number | bigint>(value: T, min: T | undefined, max: T | undefined): T {
  if (min !== undefined && value < min) throw new RangeError(`${value} is less than ${min}`);
  if (max !== undefined && value > max) throw new RangeError(`${value} is more than ${max}`);
  return value;
}
