// One life of a client of NATS: dialled, used, over. It never comes back by itself; whoever owns it makes another one.

import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { Address } from '../../base/address.ts';
import { formatAddress } from '../../base/address.ts';
import type { Cancel } from '../../base/clock.ts';
import { asError, NetworkError, PeerError, reasonOf } from '../../base/errors.ts';
import { tlsReason } from '../tls/reasons.ts';
import { clientOptions } from './client-options.ts';
import type { Dialling } from './library.ts';
import { loadNats } from './library.ts';
import type { NatsDial } from './options.ts';

/** What came under a subject. */
export interface NatsPacket {
  readonly subject: string;
  readonly bytes: Uint8Array;
  /** Where an answer is waited for; empty where none is. */
  readonly reply: string;
}

/** What a line tells its one owner. */
export interface NatsLineEvents {
  /** The server is going to end soon, and wants its clients to go elsewhere. */
  lameDuck(): void;
  /** The server has refused something; the line goes on. */
  trouble(error: Error): void;
  /** Once, last; with a reason where the end was not asked for. */
  closed(reason?: Error): void;
}

export interface NatsLine {
  /** The address that was dialled. */
  readonly remote: string;
  /** Longest payload that the server takes, in bytes. */
  readonly longest: number;
  /** Other servers of its cluster, `host:port`, as it told. */
  readonly others: readonly string[];
  /** The client itself (a NatsConnection of its package), for what is built upon it (JetStream). */
  readonly client: object;
  start(events: NatsLineEvents): void;
  /** After the end it does nothing. @throws Error of the client, where the subject or the payload is not possible */
  publish(subject: string, bytes: Uint8Array, reply?: string): void;
  /** After the end it does nothing. */
  subscribe(subject: string, heard: (packet: NatsPacket) => void): Cancel;
  /** Resolves when the server has taken all that was published and subscribed before. */
  flush(): Promise<void>;
  /** Takes in what the server has for us already, and closes. */
  drain(): Promise<void>;
  destroy(): void;
}

/** Loads the package. @throws UsageError MISSING_PACKAGE */
export async function needNats(): Promise<void> {
  await loadNats();
}

/**
 * @throws NetworkError DIAL_FAILED, PeerError NOT_AUTHENTICATED, UsageError MISSING_PACKAGE; or the signal's reason as soon
 * as it is aborted
 */
export async function dialNats(address: Address, dial: NatsDial, signal: AbortSignal): Promise<NatsLine> {
  const library = await loadNats();
  signal.throwIfAborted();
  const options = await clientOptions(address, dial, library);
  signal.throwIfAborted();
  const dialling = library.dial(options);
  try {
    return new Line(await unlessAborted(dialling, signal), formatAddress(address));
  } catch (error) {
    dialling.discard();
    signal.throwIfAborted();
    throw refusal(formatAddress(address), asError(error));
  }
}

function unlessAborted({ connected, discard }: Dialling, signal: AbortSignal): Promise<NatsConnection> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      discard();
      // It may have been looking for the address, and goes on to dial.
      connected.then(discard, discard);
      reject(signal.reason);
    };
    signal.addEventListener('abort', aborted, { once: true });
    connected.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}

function refusal(remote: string, error: Error): Error {
  if (error.name === 'AuthorizationError' || error.name === 'UserAuthenticationExpiredError') {
    const words = `${remote} does not accept our login: ${error.message}`;
    return new PeerError('NOT_AUTHENTICATED', words, undefined, { cause: error });
  }
  const { code } = error as NodeJS.ErrnoException;
  const words = code === undefined ? error.message : tlsReason(error);
  return new NetworkError('DIAL_FAILED', `cannot reach ${remote}: ${words}`, { cause: error });
}

class Line implements NatsLine {
  readonly client: NatsConnection;
  readonly remote: string;
  /** None before the start, and none after the end. */
  #events: NatsLineEvents | undefined;

  constructor(client: NatsConnection, remote: string) {
    this.client = client;
    this.remote = remote;
  }

  get longest(): number {
    return this.client.info?.max_payload ?? 0;
  }

  get others(): readonly string[] {
    return this.client.info?.connect_urls ?? [];
  }

  start(events: NatsLineEvents): void {
    this.#events = events;
    void this.#watch();
    void this.client.closed().then(reason => {
      this.#closed(reason === undefined ? undefined : new NetworkError('CLOSED', reasonOf(reason), { cause: reason }));
    });
    if (this.client.info?.ldm === true) events.lameDuck();
  }

  publish(subject: string, bytes: Uint8Array, reply?: string): void {
    if (this.client.isClosed()) return;
    this.client.publish(subject, bytes, reply === undefined ? undefined : { reply });
  }

  subscribe(subject: string, heard: (packet: NatsPacket) => void): Cancel {
    if (this.client.isClosed()) return () => undefined;
    const subscription = this.client.subscribe(subject, {
      callback(error: Error | null, { subject, data, reply }: Msg) {
        // What is wrong with the subscription itself (no permission) is told by the line's `trouble`.
        if (error === null) heard({ subject, bytes: data, reply: reply ?? '' });
      },
    });
    return () => subscription.unsubscribe();
  }

  flush(): Promise<void> {
    return this.client.flush();
  }

  drain(): Promise<void> {
    return this.client.drain();
  }

  destroy(): void {
    void this.client.close().catch(() => undefined);
  }

  async #watch(): Promise<void> {
    for await (const status of this.client.status()) {
      if (status.type === 'ldm') this.#events?.lameDuck();
      else if (status.type === 'error') this.#events?.trouble(status.error);
      else if (status.type === 'staleConnection') this.#silent();
    }
  }

  /** The client itself would first wait until a frozen server has read the last byte. */
  #silent(): void {
    this.#closed(new NetworkError('SILENT', `nothing came from ${this.remote} for too long`));
    this.destroy();
  }

  #closed(reason: Error | undefined): void {
    const events = this.#events;
    this.#events = undefined;
    events?.closed(reason);
  }
}
