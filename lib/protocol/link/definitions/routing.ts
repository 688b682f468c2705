// What becomes of a message at the end where it arrives: it is handled there, goes on to another end, or is sent to all
// others. A message never goes back to where it came from, and each hop gives it a number of its own.

import { PeerError, reasonOf, UsageError } from '../../../base/errors.ts';
import type { BroadcastTo, Definition, EventDefinition, ForwardTo, RequestDefinition } from '../definitions.ts';
import type { Link } from '../session/link.ts';
import { offer } from '../session/offer.ts';
import type { Data } from '../wire.ts';

/** Gives what the response carries; nothing where it carries nothing. The definition alone says what that is. */
export type RequestHandler<Q, R, From> = (data: Q, from: From) => Given<R>;
export type EventHandler<D, From> = (data: D, from: From) => unknown;

/** What handles a message: its definition says what comes, and what is answered. (Overloads would tell of events only.) */
export type HandlerOf<D, From> =
  D extends RequestDefinition<infer Q, infer R>
    ? RequestHandler<Q, R, From>
    : D extends EventDefinition<infer E>
      ? EventHandler<E, From>
      : never;

type Given<R> = Answer<R> | Promise<Answer<R>>;
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that ends without a `return` gives void
type Answer<R> = Record<never, never> extends R ? R | void : R;

/** A forwarded request is waited for so long, in ms: whoever asked first has a deadline of their own. */
export const forwardTime = 60_000;

/** What surrounds an end. */
export interface Places {
  /** All to whom such an event is sent on. */
  around(to: BroadcastTo): Iterable<Link>;
  /** @throws PeerError REQUEST_FAILED where there is no way */
  towards(to: ForwardTo, data: Data): Link;
  log(severity: 'debug' | 'error', text: string): void;
}

export class Routing<From> {
  readonly #places: Places;
  readonly #handlers = new Map<Definition, (data: unknown, from: From) => unknown>();

  constructor(places: Places) {
    this.#places = places;
  }

  /** @throws UsageError DUPLICATE_RULE */
  handle<D extends Definition>(definition: D, handler: HandlerOf<D, From>): void {
    if (this.#handlers.has(definition)) {
      throw new UsageError('DUPLICATE_RULE', `${definition.name} has a handler already`);
    }
    this.#handlers.set(definition, handler as (data: unknown, from: From) => unknown);
  }

  perform(definition: Definition, data: Data, link: Link, from: From): unknown {
    const { forwardTo, name } = definition;
    if (definition.kind === 'event') this.#broadcast(definition, data, link);
    const handler = this.#handlers.get(definition);
    if (handler !== undefined) return handler(data, from);
    if (definition.kind === 'event') return this.#forwardEvent(definition, data, link);
    if (forwardTo === undefined) throw failed(`No handler for ${name}_request on ${link.catalogue.link}`);
    return this.#next(definition, data, link).send(definition, data, { timeout: forwardTime });
  }

  #next(definition: Definition, data: Data, from: Link): Link {
    const next = this.#places.towards(definition.forwardTo ?? 'controller', data);
    if (next === from) throw failed(`${definition.name} would go back to where it came from`);
    if (!next.catalogue.sends(definition)) throw failed(`${definition.name} cannot go over ${next.catalogue.link}`);
    return next;
  }

  #broadcast(definition: EventDefinition, data: Data, from: Link): void {
    if (definition.broadcastTo === undefined) return;
    for (const link of this.#places.around(definition.broadcastTo)) {
      if (link !== from && link.catalogue.sends(definition)) offer(link, definition, data);
    }
  }

  #forwardEvent(definition: EventDefinition, data: Data, from: Link): void {
    const { forwardTo, name, broadcastTo } = definition;
    if (forwardTo === undefined) {
      if (broadcastTo === undefined) this.#places.log('debug', `nobody handles ${name}_event`);
      return;
    }
    try {
      offer(this.#next(definition, data, from), definition, data);
    } catch (error) {
      this.#places.log('debug', `${name}_event goes no further: ${reasonOf(error)}`);
    }
  }
}

/** An error that is answered in these words. */
export function failed(text: string): PeerError {
  return new PeerError('REQUEST_FAILED', text);
}
