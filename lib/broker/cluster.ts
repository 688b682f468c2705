// Everything that a broker has to do with beyond its own machine: one interface. `alone` is a broker without others,
// `cluster-in-process.ts` joins several brokers of one process, and any network that does the same can stand here.
//
//   broker ── announce, forward, broadcast, keep ──▶ Cluster ──▶ the other brokers
//   broker ◀─ take, hear, changed (ClusterNode) ──── Cluster ◀──
//
// A server is a broker by its name. The sender of a message is made sure of by the broker that it came to first; a cluster
// carries messages as they are, parameters that it does not know included.

import { PeerError, Refusal } from '../base/errors.ts';
import type { Message } from '../message/index.ts';

/** A service at some broker. */
export interface PresentService {
  readonly name: string;
  /** What it announced with COMMANDS, sorted: broadcasts go only to those who know them. */
  readonly commands: readonly string[];
  /** Processes that serve under this name there. */
  readonly instances: number;
}

/** What a broker tells the others about itself: the whole, at each change. */
export interface Presence {
  readonly server: string;
  /** Names this life of the broker: another one with the same server name is another process. */
  readonly life: string;
  /** Counts the changes in this life: of two the higher number is right. */
  readonly serial: number;
  readonly services: readonly PresentService[];
}

/** `private`: to the machines of our own network (`?`); `public`: to all (`*`). */
export type Reach = 'private' | 'public';

/** `alone`: there is no cluster. `joining`: not connected yet. `up`: connected. `down`: was, and comes back by itself. */
export type ClusterState = 'alone' | 'joining' | 'up' | 'down' | 'left';

export interface ClusterStatus {
  readonly state: ClusterState;
  /** Brokers that are known, this one included: those that have gone silent too, until they are forgotten. */
  readonly computers: number;
  /** Of these, those that are there at present: this one alone while the way to the others is down. */
  readonly live: number;
  /** Messages for other brokers that wait here, and their bytes. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** The last trouble, in words; undefined while all is well. */
  readonly trouble?: string | undefined;
}

/** The service of a message is not (any more) at the broker that it went to: it was not taken, and may go elsewhere. */
export class NotHere extends Refusal {}

/** The broker, as its cluster sees it. */
export interface ClusterNode {
  /** The presence to begin with; later ones come by `announce`. */
  readonly presence: Presence;
  /**
   * A message for a service here, from another broker or from what was kept for it. Resolves when the service has
   * handled it; until then whoever sent it keeps it.
   * @throws NotHere where the service is not here (any more), PeerError REFUSED where it does not take it, LimitError where
   * there is no room: not taken
   */
  take(message: Message, left?: number): Promise<void>;
  /** What was kept for a service has waited for too long: this broker alone tells its sender. */
  expired(message: Message): void;
  /** A broadcast of another broker, once: for the services here that know the command, and for nobody beyond. */
  hear(message: Message): void;
  /** `others` or `status` have changed. */
  changed(): void;
}

export interface Cluster {
  /** The brokers that are there at present, this one excluded; while the way to them is down, those that were there last. */
  readonly others: readonly Presence[];
  readonly status: ClusterStatus;
  /**
   * Begins. It resolves when it is under way, which need not mean connected: what is down at the start comes back by
   * itself, as later. It rejects only for what no waiting mends (UsageError).
   */
  join(node: ClusterNode): Promise<void>;
  /** What is here has changed. The latest counts; it does not throw. */
  announce(presence: Presence): void;
  /**
   * To the service `message.to.service` at that broker. Resolves when it was handled there (`take` resolved). Of one
   * caller's messages to one server the order is kept. While the way is down it waits, within limits.
   * @throws LimitError OUTBOX_FULL, EXPIRED; NotHere; PeerError REFUSED (by the service); NetworkError ABANDONED, CLOSED
   */
  forward(server: string, message: Message): Promise<void>;
  /** To all other brokers within reach, none of which passes it on. Best effort: it does not throw. */
  broadcast(message: Message, reach: Reach): void;
  /**
   * Keeps a message for a service that is nowhere at present, so that whichever broker first has it takes it. Resolves with
   * true when it is safe, with false where this cluster keeps nothing: then the broker keeps it itself.
   * @param ttl for how long, in ms; then it is never delivered, and one broker is told (`expired`)
   * @throws LimitError OUTBOX_FULL, NetworkError
   */
  keep(message: Message, ttl: number): Promise<boolean>;
  /** Ends in good order: says so to the others, and waits for what is under way, for so many ms at most. */
  leave(patience: number): Promise<void>;
}

/** No others. */
export const alone: Cluster = {
  others: [],
  status: { state: 'alone', computers: 1, live: 1, waiting: 0, waitingBytes: 0 },
  join: () => Promise.resolve(),
  announce: () => undefined,
  forward: server => Promise.reject(new PeerError('REFUSED', `there is no way to server ${server}`)),
  broadcast: () => undefined,
  keep: () => Promise.resolve(false),
  leave: () => Promise.resolve(),
};
