// The interface of this floor. A transport turns an address into channels; it knows sockets and nothing else.
// Every stream transport passes test/contract/transport.ts, memory included.

import type { Address } from '../base/address.ts';

/** A certificate that was checked. */
export interface Certificate {
  /** The common name; empty where it has none. */
  readonly subject: string;
  /** The names that it is for: host names, and addresses as text. */
  readonly names: readonly string[];
  /** SHA-256 of the whole certificate, as hexadecimal pairs with colons. */
  readonly fingerprint: string;
}

/** What a channel tells its one owner. */
export interface ChannelEvents {
  data(chunk: Buffer): void;
  /** The backlog behind a `send` that returned false is gone. */
  drained(): void;
  /** The other side has said its last; all it said before has been given to `data`. */
  ended(): void;
  /** Once, last, nothing follows; `reason` where the end was not asked for. */
  closed(reason?: Error): void;
}

export interface Channel {
  /** Address of the other side, as text. */
  readonly remote: string;
  /** What the other side showed and an authority confirmed; of tls and of what runs over it, where it showed one. */
  readonly certificate?: Certificate | undefined;
  /** Bytes taken over by `send` that the system has not taken yet. */
  readonly unsent: number;
  /** Begins reading. Before this nothing is read, so nothing is lost. */
  start(events: ChannelEvents): void;
  /** Stops giving `data` soon (what was read already may still come), and `ended`, until `resume`. */
  pause(): void;
  resume(): void;
  /** @returns false when the caller should wait for `drained`. After `close` or the end it does nothing. */
  send(bytes: Buffer): boolean;
  /**
   * Finishes sending, then closes; what still comes in is thrown away. After the last byte went out, the other side
   * has `linger` ms to close too. @default 500
   */
  close(linger?: number): void;
  /**
   * Finishes sending, as `close` does, and goes on reading: the owner closes or destroys it later, or both sides have
   * ended. Absent where a transport has no half of a close.
   */
  end?(): void;
  /** Closes now; what was not sent is thrown away. */
  destroy(reason?: Error): void;
  /**
   * Closes now so that the other side sees a failure (a TCP reset). As `destroy` where a transport has no such thing, and
   * after `end` or `close`.
   */
  reset(): void;
}

export interface Listening {
  /** The address, with the port that the system gave where 0 was asked for. */
  readonly address: Address;
  /**
   * Reads certificates again; who is connected stays so. Of places with tls alone.
   * @throws NetworkError LISTEN_FAILED with the reason; the old certificate stays then
   */
  reload?(): Promise<void>;
  /** Nobody is accepted from now on; accepted channels live on. */
  close(): void;
}

/** What a listening place tells its owner. */
export interface ListenEvents {
  accept(channel: Channel): void;
  /** Accepting failed once (no descriptors left, say); the place goes on listening. */
  trouble(error: Error): void;
}

export interface Transport {
  /** @throws NetworkError DIAL_FAILED, or the signal's reason as soon as it is aborted. */
  dial(address: Address, signal: AbortSignal): Promise<Channel>;
  /** @throws NetworkError LISTEN_FAILED */
  listen(address: Address, events: ListenEvents): Promise<Listening>;
}

/** What a bound packet socket tells its owner. */
export interface PacketEvents {
  packet(bytes: Buffer, from: Address): void;
  trouble(error: Error): void;
}

export interface PacketSocket {
  readonly address: Address;
  /** Resolves when the system has taken the packet. @throws NetworkError CLOSED with the system's reason. */
  send(bytes: Buffer, to: Address): Promise<void>;
  close(): void;
}

export interface PacketTransport {
  /** Longest packet in bytes. */
  readonly longest: number;
  /**
   * Sends one packet from a socket of its own, and listens for a moment whether the other machine refuses it.
   * Silence is no proof that it arrived. @throws NetworkError CLOSED
   */
  sendOnce(bytes: Buffer, to: Address): Promise<void>;
  /** @throws NetworkError LISTEN_FAILED */
  bind(address: Address, events: PacketEvents): Promise<PacketSocket>;
}
