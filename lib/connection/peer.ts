// A peer: the other side of a connection that a listener accepted.

import { asError, reasonOf } from '../base/errors.ts';
import { guarded } from '../base/guard.ts';
import type { Correspondent, RequestOptions, Sending } from '../dispatcher/index.ts';
import type { Logger } from '../logging/index.ts';
import { silentLogger } from '../logging/index.ts';
import { Message } from '../message/index.ts';
import type { Channel } from '../transport/index.ts';
import type { Owner, Unfinished } from './connection.ts';
import { Connection } from './connection.ts';
import { Link } from './parts/link.ts';
import type { LinkRole, LinkSettings } from './parts/link-role.ts';
import { Requests } from './parts/requests.ts';

export type PeerEvents = {
  /** There is room again behind a `send` that said 'queued'. */
  drain: [];
  /** Once, last; with a reason where it was not an orderly end. */
  close: [reason: Error | undefined];
};

/** The listener, as far as its peers need it: one for all of them, so that each costs little. */
export interface PeerHost {
  readonly settings: LinkSettings;
  /** Nothing the peer said has been handled yet. */
  greet(peer: Peer): unknown;
  /** The peer has closed. */
  gone(): void;
}

export class Peer extends Connection<PeerEvents> implements LinkRole, Correspondent {
  /** For the program: whatever belongs to this peer. */
  data: unknown;
  readonly #link: Link;
  readonly #host: PeerHost;
  #requests: Requests | undefined;

  /** Made by listeners. */
  constructor(channel: Channel, host: PeerHost, priority: number) {
    super('peer', { name: channel.remote, priority });
    this.#host = host;
    this.#link = new Link(channel, host.settings, this);
  }

  get remote(): string {
    return this.name;
  }

  get state(): string {
    return this.#link.state;
  }

  get logger(): Logger {
    return this.owner?.logger ?? silentLogger;
  }

  get awaiting(): number {
    return this.#requests?.size ?? 0;
  }

  get unfinished(): Unfinished {
    return this.#link.unfinished;
  }

  send(message: Message<unknown> | string): Sending {
    return this.#link.send(typeof message === 'string' ? Message.of(message) : message);
  }

  request(message: Message<unknown> | string, options: RequestOptions = {}): Promise<Message> {
    this.#requests ??= new Requests(this.#host.settings.clock);
    const answer = this.#requests.open(message, options, { send: numbered => this.#link.send(numbered) });
    this.#link.wake();
    return answer;
  }

  /** Sends what waits, then closes. */
  close(): void {
    this.#link.drain();
  }

  stop(): void {
    this.close();
  }

  destroy(reason?: Error): void {
    this.#link.destroy(reason);
  }

  answered(message: Message): boolean {
    return this.#requests?.answered(message) ?? false;
  }

  linkDrained(): void {
    this.tell('drain');
  }

  linkClosed(reason: Error | undefined): void {
    this.#requests?.fail(reason?.message ?? `${this.name} is closed`);
    this.owner?.ended(this);
    this.#host.gone();
    this.tell('close', reason);
  }

  protected override begin(_owner: Owner): void {
    this.#link.start();
    guarded(
      () => this.#host.greet(this),
      error => this.#greetingFailed(error),
    );
  }

  protected override enabledChanged(): void {
    this.#link.wake();
  }

  protected override details(): object {
    const { received, sent, invalid, unfinished } = this.#link;
    return {
      remote: this.remote,
      received,
      sent,
      invalid,
      unsent: unfinished.bytes,
      handlers: unfinished.handlers,
    };
  }

  #greetingFailed(error: unknown): void {
    this.logger.log('error', `greeting failed: ${reasonOf(error)}`, { connection: this.name, error });
    this.destroy(asError(error));
  }
}
