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
  /** Tokens only: what a peer holds is not kept for who has replaced it. */
  readonly #replaced = new Map<string, string>();
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
    const found = this.#sessions.get(nameOf(token));
    return isSame(found?.token, token) ? found : undefined;
  }

  /** Whether another has registered in the place of this session's owner, a while ago. */
  wasReplaced(token: string): boolean {
    return isSame(this.#replaced.get(nameOf(token)), token);
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
    this.#replaced.set(name, former.token);
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

function isSame(ours: string | undefined, theirs: string): boolean {
  if (ours === undefined) return false;
  const [one, other] = [Buffer.from(ours), Buffer.from(theirs)];
  return one.length === other.length && timingSafeEqual(one, other);
}
