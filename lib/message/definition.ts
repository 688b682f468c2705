// Messages declared in code: one declaration gives the types at compile time and the checks at run time.

import { asError, PeerError } from '../base/errors.ts';
import type { Addressing } from './message.ts';
import { Message } from './message.ts';
import * as names from './names.ts';
import type { HostPort, Timespec, Value, Values } from './values.ts';
import * as values from './values.ts';

export interface ParameterRules {
  /** The parameter may be missing. @default false */
  readonly optional?: boolean;
  /** Its value may be empty text. @default true for strings, false for all else */
  readonly empty?: boolean;
}

/** One declared parameter: how its text is read, and whether it may be missing or empty. */
export interface Parameter<T extends Value, Optional extends boolean = boolean> {
  readonly optional: Optional;
  readonly empty: boolean;
  /** @throws RangeError with the reason. */
  readonly read: (text: string) => T;
}

type Shape = { readonly [name: string]: Parameter<Value> };

/** The values that a shape declares; optional ones may be undefined. */
export type ValuesOf<S extends Shape> = {
  readonly [N in keyof S]: S[N] extends Parameter<infer T, infer O> ? (O extends true ? T | undefined : T) : never;
};

type Declare<T extends Value> = {
  (rules: ParameterRules & { readonly optional: true }): Parameter<T, true>;
  (rules?: ParameterRules): Parameter<T, false>;
};

function declare<T extends Value>(read: (text: string) => T, emptyIsFine: boolean): Declare<T> {
  const make = ({ optional = false, empty = emptyIsFine }: ParameterRules = {}): Parameter<T> =>
    Object.freeze({ optional, empty, read });
  return make as Declare<T>;
}

/** Any text. */
export const string: Declare<string> = declare<string>(text => text, true);
/** A decimal integer that a number holds exactly. */
export const integer: Declare<number> = declare<number>(values.readInteger, false);
/** A decimal integer of 64 bits. */
export const bigint: Declare<bigint> = declare<bigint>(values.readBigint, false);
/** `true` or `false`. */
export const boolean: Declare<boolean> = declare<boolean>(values.readBoolean, false);
/** Seconds with up to nine digits of fraction. */
export const timespec: Declare<Timespec> = declare<Timespec>(values.readTimespec, false);
/** `host:port`. */
export const address: Declare<HostPort> = declare<HostPort>(values.readHostPort, false);

/** A declared message. */
export class MessageDefinition<P = unknown> {
  readonly command: string;
  readonly #shape: Shape;

  constructor(command: string, shape: Shape) {
    this.command = names.command(command);
    for (const name of Object.keys(shape)) names.name('parameter', name);
    this.#shape = shape;
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
