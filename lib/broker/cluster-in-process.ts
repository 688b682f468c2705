// Several brokers in one process that know each other: for tests, and for whoever wants several. Each call of the result is
// one broker's end.

import { LimitError, NetworkError } from '../base/errors.ts';
import type { Message } from '../message/index.ts';
import type { Cluster, ClusterNode, ClusterStatus, Presence, Reach } from './cluster.ts';
import { NotHere } from './cluster.ts';

/** Messages that one end may have under way at the same time. */
const mostUnderWay = 10_000;

class End implements Cluster {
  readonly #ends: Set<End>;
  #node: ClusterNode | undefined;
  #presence: Presence | undefined;
  #underWay = 0;
  #bytes = 0;

  constructor(ends: Set<End>) {
    this.#ends = ends;
  }

  get others(): Presence[] {
    return [...this.#ends].flatMap(end => (end === this || end.#presence === undefined ? [] : [end.#presence]));
  }

  get status(): ClusterStatus {
    const { size } = this.#ends;
    const state = this.#node === undefined ? 'joining' : 'up';
    return { state, computers: size, live: size, waiting: this.#underWay, waitingBytes: this.#bytes };
  }

  join(node: ClusterNode): Promise<void> {
    this.#node = node;
    this.#ends.add(this);
    this.announce(node.presence);
    return Promise.resolve();
  }

  announce(presence: Presence): void {
    this.#presence = presence;
    for (const end of this.#ends) end.#node?.changed();
  }

  async forward(server: string, message: Message): Promise<void> {
    const end = [...this.#ends].find(one => one !== this && one.#presence?.server === server);
    if (this.#node === undefined) throw new NetworkError('CLOSED', 'not in the cluster');
    const node = end === undefined ? undefined : end.#node;
    if (node === undefined) throw new NotHere(`there is no server ${server}`, message.command);
    if (this.#underWay >= mostUnderWay) throw new LimitError('OUTBOX_FULL', `${this.#underWay} messages are under way`);
    const bytes = message.list.reduce((sum, text) => sum + text.length, 0);
    this.#underWay += 1;
    this.#bytes += bytes;
    try {
      await node.take(message);
    } finally {
      this.#underWay -= 1;
      this.#bytes -= bytes;
    }
  }

  broadcast(message: Message, _reach: Reach): void {
    for (const end of this.#ends) if (end !== this) end.#node?.hear(message);
  }

  keep(): Promise<boolean> {
    return Promise.resolve(false);
  }

  leave(): Promise<void> {
    this.#node = undefined;
    this.#presence = undefined;
    this.#ends.delete(this);
    for (const end of this.#ends) end.#node?.changed();
    return Promise.resolve();
  }
}

/** @example const cluster = clusterInProcess(); new Broker({ cluster: cluster(), … }); new Broker({ cluster: cluster(), … }) */
export function clusterInProcess(): () => Cluster {
  const ends = new Set<End>();
  return () => new End(ends);
}
