// Who has registered: nodes by their id, everybody by the token of their session, and those who were replaced.

import { timingSafeEqual } from 'node:crypto';
import type { Cancel, Clock } from '../../../base/clock.ts';
import type { LinkPeer } from './peer.ts';

export class Members {
  readonly #clock: Clock;
  /** How long it is known who was replaced, in ms. */
  readonly #remember: number;
  readonly #all = new Set<LinkPeer>();
  readonly #nodes = new Map<number, LinkPeer>();
  readonly #sessions = new Map<string, LinkPeer>();
  readonly #replaced = new Map<string, LinkPeer>();
  readonly #forgetting = new Set<Cancel>();

  constructor(clock: Clock, remember: number) {
    this.#clock = clock;
    this.#remember = remember;
  }

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): Iterator<LinkPeer> {
    return this.#all.values();
  }

  get nodes(): IterableIterator<LinkPeer> {
    return this.#nodes.values();
  }

  node(id: number): LinkPeer | undefined {
    return this.#nodes.get(id);
  }

  /** Takes one in; gives the node that had the id before. */
  add(peer: LinkPeer): LinkPeer | undefined {
    const { id, token } = peer;
    const former = id === undefined ? undefined : this.#nodes.get(id);
    if (former !== undefined) this.#replace(former);
    this.#all.add(peer);
    if (id !== undefined) this.#nodes.set(id, peer);
    if (token !== '') this.#sessions.set(nameOf(token), peer);
    return former;
  }

  delete(peer: LinkPeer): void {
    this.#all.delete(peer);
    this.#sessions.delete(nameOf(peer.token));
    // The one that came after it keeps the id.
    if (peer.id !== undefined && this.#nodes.get(peer.id) === peer) this.#nodes.delete(peer.id);
  }

  /** Whose session it is. */
  of(token: string): LinkPeer | undefined {
    return owned(this.#sessions.get(nameOf(token)), token);
  }

  /** Whether another has registered in the place of this session's owner, a while ago. */
  wasReplaced(token: string): boolean {
    return owned(this.#replaced.get(nameOf(token)), token) !== undefined;
  }

  /** The server is over: no timer is left behind. */
  close(): void {
    for (const forget of this.#forgetting) forget();
    this.#forgetting.clear();
    this.#replaced.clear();
  }

  #replace(former: LinkPeer): void {
    this.delete(former);
    if (former.token === '') return;
    const name = nameOf(former.token);
    this.#replaced.set(name, former);
    const forget = this.#clock.after(this.#remember, () => {
      this.#replaced.delete(name);
      this.#forgetting.delete(forget);
    });
    this.#forgetting.add(forget);
  }
}

/** Tokens are NAME.SECRET: found by the name, and the whole compared in constant time. */
function nameOf(token: string): string {
  return token.slice(0, Math.max(0, token.indexOf('.')));
}

function owned(peer: LinkPeer | undefined, token: string): LinkPeer | undefined {
  if (peer === undefined) return undefined;
  const [ours, theirs] = [Buffer.from(peer.token), Buffer.from(token)];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs) ? peer : undefined;
}
