// An instance: lives in the process of its node, behind a link without a socket. Both ends of that link are ends like any
// other: what goes over it is checked, numbered and answered.

import type { Clock } from '../../../base/clock.ts';
import { NetworkError } from '../../../base/errors.ts';
import type { Checks } from '../definitions/catalogue.ts';
import { Catalogue } from '../definitions/catalogue.ts';
import type { HandlerOf, Places } from '../definitions/routing.ts';
import { failed, Routing } from '../definitions/routing.ts';
import type { BroadcastTo, Definition, EventDefinition, ForwardTo, RequestDefinition } from '../definitions.ts';
import { Link } from '../session/link.ts';
import type { LinkHost, Sender, SendOptions } from '../session/link-host.ts';
import { sendOver } from '../session/link-host.ts';
import type { Carrier } from '../session.ts';
import { SeedCourse } from '../session.ts';
import type { Data } from '../wire.ts';

/** Of handlers and bytes: there is no socket to hold back, and what came to its node was bounded there. */
const unlimited = Number.POSITIVE_INFINITY;

/** The node, as far as its instances need it. */
export interface InstanceHost {
  readonly clock: Clock;
  readonly definitions: readonly Definition[];
  readonly checks: Checks;
  /** A message of the instance has come to the node. */
  perform(definition: Definition, data: Data, link: Link): unknown;
  gone(instance: LinkInstance): void;
  log(severity: 'debug' | 'warn' | 'error', text: string, fields?: object): void;
}

export class LinkInstance implements Sender, Places {
  readonly id: number;
  /** The node's end. */
  readonly outer: Link;
  readonly #inner: Link;
  readonly #host: InstanceHost;
  readonly #routing = new Routing<LinkInstance>(this);

  /** Made by nodes. */
  constructor(id: number, host: InstanceHost) {
    this.id = id;
    this.#host = host;
    const [toInner, toOuter] = [new Passage(), new Passage()];
    const { definitions, checks } = host;
    const outer = new Catalogue('node', 'instance', 'seed', definitions, checks);
    const inner = new Catalogue('instance', 'node', 'seed', definitions, checks);
    this.outer = new Link(outer, new SeedCourse(toInner, 0, unlimited), this.#end(host.perform.bind(host)), unlimited);
    const perform = (definition: Definition, data: Data): unknown =>
      this.#routing.perform(definition, data, this.#inner, this);
    this.#inner = new Link(inner, new SeedCourse(toOuter, 0, unlimited), this.#end(perform), unlimited);
    toInner.to = this.#inner;
    toOuter.to = this.outer;
  }

  /** To the node, which sends on what is not for itself. */
  send<Q, R>(definition: RequestDefinition<Q, R>, data: Q, options?: SendOptions): Promise<R>;
  send<D>(definition: EventDefinition<D>, data: D): void;
  send(definition: Definition, data: unknown, options?: SendOptions): Promise<unknown> | undefined {
    return sendOver(this.#inner, definition, data, options);
  }

  /** Does what comes in with a definition. @throws UsageError DUPLICATE_RULE */
  handle<D extends Definition>(definition: D, handler: HandlerOf<D, LinkInstance>): this {
    this.#routing.handle(definition, handler);
    return this;
  }

  /** It does not run any more. */
  close(reason = `Instance ID ${this.id} is not running`): void {
    this.outer.end(new NetworkError('CLOSED', reason));
    this.#inner.end(new NetworkError('CLOSED', reason));
    this.#host.gone(this);
  }

  *around(_to: BroadcastTo): Iterable<Link> {}

  towards(to: ForwardTo): Link {
    throw failed(`an instance sends nothing on to a ${to}`);
  }

  log(severity: 'debug' | 'warn' | 'error', text: string, fields?: object): void {
    this.#host.log(severity, `instance ${this.id}: ${text}`, fields);
  }

  #end(perform: LinkHost['perform']): LinkHost {
    return {
      clock: this.#host.clock,
      perform,
      broken: ({ reason }) => this.close(reason),
      closed: reason => this.close(reason),
      wake: () => undefined,
      log: (severity, text, fields) => this.log(severity, text, fields),
    };
  }
}

/** From one end to the other, a moment later: what answers at once does so after the asker has its number. */
class Passage implements Carrier {
  readonly clear = true;
  to: Link | undefined;

  send(frame: string): void {
    queueMicrotask(() => this.to?.receive(JSON.parse(frame)));
  }
}
