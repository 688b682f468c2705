// What may come in and go out at one end of a link: the definitions, as seen from there. One for each kind of link, not
// for each link.

import { UsageError } from '../../../base/errors.ts';
import type { Definition, EventDefinition, RequestDefinition } from '../definitions.ts';
import type { Dialect, Role } from '../wire.ts';
import { wireLink } from '../wire.ts';
import type { Check, Compile } from './validator.ts';

/** A message that may come in. */
export type Entry =
  | { readonly kind: 'request'; readonly definition: RequestDefinition; readonly checks: RequestChecks }
  | { readonly kind: 'response'; readonly definition: RequestDefinition; readonly checks: RequestChecks }
  | { readonly kind: 'event'; readonly definition: EventDefinition; readonly check: Check };

export interface RequestChecks {
  readonly request: Check;
  readonly response: Check;
}

/** Built into the session dialect: an orderly end. */
export const prepareDisconnect: RequestDefinition = {
  kind: 'request',
  name: 'prepare_disconnect',
  links: new Set(),
  forwardTo: undefined,
  optional: [],
  request: {},
  response: {},
};

const known = new WeakMap<Compile, Checks>();

/** The checks of definitions, compiled once in a process: a validator does not forget what it has compiled. */
export class Checks {
  readonly #compile: Compile;
  readonly #requests = new WeakMap<RequestDefinition, RequestChecks>();
  readonly #events = new WeakMap<EventDefinition, Check>();

  /** The same for all ends that have this validator. */
  static of(compile: Compile): Checks {
    const checks = known.get(compile) ?? new Checks(compile);
    known.set(compile, checks);
    return checks;
  }

  private constructor(compile: Compile) {
    this.#compile = compile;
  }

  request(definition: RequestDefinition): RequestChecks {
    const { name, optional } = definition;
    const checks = this.#requests.get(definition) ?? {
      request: this.#compile(`${name}_request`, definition.request, optional),
      response: this.#compile(`${name}_response`, definition.response, []),
    };
    this.#requests.set(definition, checks);
    return checks;
  }

  event(definition: EventDefinition): Check {
    const { name, event, optional } = definition;
    const check = this.#events.get(definition) ?? this.#compile(`${name}_event`, event, optional);
    this.#events.set(definition, check);
    return check;
  }
}

export class Catalogue {
  readonly local: Role;
  readonly remote: Role;
  /** As the wire names it, from here. */
  readonly link: string;
  readonly #incoming = new Map<string, Entry>();
  readonly #outgoing = new Map<Definition, RequestChecks | Check>();

  constructor(local: Role, remote: Role, dialect: Dialect, definitions: readonly Definition[], checks: Checks) {
    this.local = local;
    this.remote = remote;
    this.link = wireLink(local, remote);
    for (const definition of definitions) {
      const incoming = definition.links.has(`${remote}-${local}`);
      const outgoing = definition.links.has(`${local}-${remote}`);
      this.#attach(definition, incoming, outgoing, checks);
    }
    if (dialect === 'session') this.#attach(prepareDisconnect, true, true, checks);
  }

  /** What a type that comes in is here; undefined where it may not come. */
  incoming(type: string): Entry | undefined {
    return this.#incoming.get(type);
  }

  /** Whether it may be sent from here. */
  sends(definition: Definition): boolean {
    return this.#outgoing.has(definition);
  }

  /** @throws UsageError INVALID_VALUE where the definition is not for this link, or its data is wrong */
  check(definition: Definition, data: unknown): void {
    const found = this.#outgoing.get(definition);
    const type = `${definition.name}_${definition.kind}`;
    if (found === undefined) {
      throw new UsageError('INVALID_VALUE', `${type} is not for the link ${this.local}-${this.remote}`);
    }
    const wrong = typeof found === 'function' ? found(data) : found.request(data);
    if (wrong !== undefined) throw new UsageError('INVALID_VALUE', `${type}: ${wrong}`);
  }

  #attach(definition: Definition, incoming: boolean, outgoing: boolean, checks: Checks): void {
    const { name } = definition;
    if (definition.kind === 'event') {
      const check = checks.event(definition);
      if (incoming) this.#enter(`${name}_event`, { kind: 'event', definition, check });
      if (outgoing) this.#outgoing.set(definition, check);
      return;
    }
    const both = checks.request(definition);
    if (incoming) this.#enter(`${name}_request`, { kind: 'request', definition, checks: both });
    if (!outgoing) return;
    this.#enter(`${name}_response`, { kind: 'response', definition, checks: both });
    this.#outgoing.set(definition, both);
  }

  #enter(type: string, entry: Entry): void {
    if (this.#incoming.has(type)) throw new UsageError('DUPLICATE_RULE', `${type} is defined twice on ${this.link}`);
    this.#incoming.set(type, entry);
  }
}
