// Requests and events, declared in code: one declaration gives the types of senders and handlers, and what both ends
// check. A definition is a value: it belongs to no link, and the same one is given to all ends.

import { UsageError } from '../../base/errors.ts';
import { refuseUnknown } from '../../base/options.ts';
import type { Properties, ValuesOf } from './definitions/schema.ts';
import type { Role } from './wire.ts';

/** From whom to whom a message may go: `control-controller`. `master` and `slave` are taken for controller and node. */
export type LinkName = `${Role | 'master' | 'slave'}-${Role | 'master' | 'slave'}`;

/** Where a message goes on to, from an end that has no handler for it. */
export type ForwardTo = 'controller' | 'node' | 'instance';

/** To whom an event is sent on, except to where it came from. */
export type BroadcastTo = 'node' | 'instance';

/** The property that says where a forwarded message goes. */
type Routed<F> = F extends 'instance'
  ? { readonly instance_id: number }
  : F extends 'node'
    ? { readonly node_id: number }
    : unknown;

const routeProperties: { readonly [to in ForwardTo]: Properties } = {
  controller: {},
  node: { node_id: { type: 'integer' } },
  instance: { instance_id: { type: 'integer' } },
};

interface Common {
  readonly name: string;
  /** Normalised: controller and node. */
  readonly links: ReadonlySet<string>;
  readonly forwardTo: ForwardTo | undefined;
  /** What it carries and may leave out. */
  readonly optional: readonly string[];
}

/** `Q` is what a request carries, `R` what its response does. */
export interface RequestDefinition<Q = unknown, R = unknown> extends Common {
  readonly kind: 'request';
  readonly request: Properties;
  readonly response: Properties;
  /** Types only; never set. */
  readonly types?: { readonly request: Q; readonly response: R };
}

export interface EventDefinition<D = unknown> extends Common {
  readonly kind: 'event';
  readonly event: Properties;
  readonly broadcastTo: BroadcastTo | undefined;
  /** Types only; never set. */
  readonly types?: { readonly event: D };
}

export type Definition = RequestDefinition | EventDefinition;

export interface RequestOptions<Q, R, F, O extends keyof Q = never> {
  readonly links: readonly LinkName[];
  /** What it carries: a JSON Schema for each property. @default nothing */
  readonly request?: Q;
  /** What is answered. @default nothing */
  readonly response?: R;
  /** `instance` adds `instance_id` to the request, `node` adds `node_id`. @default nowhere */
  readonly forwardTo?: F;
  /** Names of what the request may leave out. @default nothing */
  readonly optional?: readonly O[];
}

export interface EventOptions<D, F, O extends keyof D = never> {
  readonly links: readonly LinkName[];
  readonly event?: D;
  readonly forwardTo?: F;
  readonly broadcastTo?: BroadcastTo;
  /** Names of what it may leave out. @default nothing */
  readonly optional?: readonly O[];
}

/** What a definition's declared properties give; those of `O` may be left out. */
export type Carried<P, F, O extends keyof P = never> = ValuesOf<Omit<P, O>> & Partial<ValuesOf<Pick<P, O>>> & Routed<F>;

const namePattern = /^[^\s"\\]{1,200}$/;
const linkPattern = /^(master|controller|slave|node|control|instance)-(master|controller|slave|node|control|instance)$/;
const ours: { readonly [name: string]: string } = { master: 'controller', slave: 'node' };
const forwards: readonly unknown[] = [undefined, 'controller', 'node', 'instance'];
const broadcasts: readonly unknown[] = [undefined, 'node', 'instance'];

/** A message that is answered. @throws UsageError INVALID_NAME, INVALID_VALUE, UNKNOWN_OPTION */
export function request<
  const Q extends Properties = Record<never, never>,
  const R extends Properties = Record<never, never>,
  const F extends ForwardTo | undefined = undefined,
  O extends keyof Q = never,
>(name: string, options: RequestOptions<Q, R, F, O>): RequestDefinition<Carried<Q, F, O>, ValuesOf<R>> {
  refuseUnknown(`request ${name}`, { links: 0, request: 0, response: 0, forwardTo: 0, optional: 0 }, options);
  const { request = {}, response = {} } = options;
  for (const taken of ['seq', 'error']) {
    if (!Object.hasOwn(response, taken)) continue;
    throw new UsageError('INVALID_NAME', `a response cannot have a property ${taken}: the protocol uses it`);
  }
  const common = commonOf(name, options, request);
  return { kind: 'request', ...common, request: routed(request, options.forwardTo), response };
}

/** A message without an answer. @throws UsageError INVALID_NAME, INVALID_VALUE, UNKNOWN_OPTION */
export function event<
  const D extends Properties = Record<never, never>,
  const F extends ForwardTo | undefined = undefined,
  O extends keyof D = never,
>(name: string, options: EventOptions<D, F, O>): EventDefinition<Carried<D, F, O>> {
  refuseUnknown(`event ${name}`, { links: 0, event: 0, forwardTo: 0, broadcastTo: 0, optional: 0 }, options);
  const { event = {}, broadcastTo } = options;
  if (!broadcasts.includes(broadcastTo)) throw invalid(name, `broadcastTo is ${broadcastTo}`);
  const common = commonOf(name, options, event);
  return { kind: 'event', ...common, event: routed(event, options.forwardTo), broadcastTo };
}

interface Given {
  readonly links: readonly LinkName[];
  readonly forwardTo?: ForwardTo | undefined;
  readonly optional?: readonly PropertyKey[];
}

function commonOf(name: string, { links, forwardTo, optional = [] }: Given, carried: Properties): Common {
  if (!namePattern.test(name)) throw new UsageError('INVALID_NAME', `"${name}" is no name for a message`);
  if (!forwards.includes(forwardTo)) throw invalid(name, `forwardTo is ${forwardTo}`);
  const known = links.map(link => {
    const [, source = '', target = ''] = linkPattern.exec(link) ?? [];
    if (target === '') throw invalid(name, `"${link}" is no link`);
    return `${ours[source] ?? source}-${ours[target] ?? target}`;
  });
  const route = forwardTo === undefined ? {} : routeProperties[forwardTo];
  for (const left of optional) {
    if (Object.hasOwn(carried, left) && !Object.hasOwn(route, left)) continue;
    throw invalid(
      name,
      `${String(left)} cannot be optional: it is ${Object.hasOwn(route, left) ? 'the way' : 'not declared'}`,
    );
  }
  return { name, links: new Set(known), forwardTo, optional: optional.map(String) };
}

function routed(properties: Properties, forwardTo: ForwardTo | undefined): Properties {
  return forwardTo === undefined ? properties : { ...properties, ...routeProperties[forwardTo] };
}

function invalid(name: string, why: string): UsageError {
  return new UsageError('INVALID_VALUE', `${name}: ${why}`);
}
