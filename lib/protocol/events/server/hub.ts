// The two sockets of a server: what PULL takes, PUB publishes, byte for byte. It is never decoded.

import type { Context, Publisher, Pull } from 'zeromq';
import type { Clock } from '../../../base/clock.ts';
import { reasonOf } from '../../../base/errors.ts';
import type { Intake, Outlet, SocketEvents, ZeroMq, ZeroMqSettings } from '../../../transport/zeromq/index.ts';
import {
  AllowedKeys,
  Authenticator,
  bindPub,
  bindPull,
  formatPlace,
  isFull,
  placeOf,
} from '../../../transport/zeromq/index.ts';
import type { CurveOptions } from '../session/security.ts';
import { allowedFolder, serverKeys } from '../session/security.ts';
import { nameEnd } from '../wire.ts';
import type { EventsServerSettings } from './options.ts';
import { Publishing } from './publishing.ts';

/**
 * `nameless`: a frame without NUL. `extra`: frames behind the first. `refused`: a connection. `stranger`: one of those, for its
 * key. `failed`: ZeroMQ.
 */
export type ServerKind = 'nameless' | 'extra' | 'refused' | 'stranger' | 'failed';

export interface HubHost {
  readonly clock: Clock;
  /** Of a server with keys: one for its whole life, since each has threads of its own. */
  context(zmq: ZeroMq): Context;
  complain(kind: ServerKind, words: string): void;
}

export interface HubAddresses {
  readonly emitAddress: string;
  readonly regAddress: string;
}

/** How long what was published may still go out after the end, in ms. */
const linger = 1_000;
/** The end: once nothing came for `quiet` ms, or after so many times of that. */
const farewell = { quiet: 50, rounds: 20 };

export class Hub {
  readonly #sides = { emitters: 0, subscribers: 0, disconnected: 0 };
  #forwarded = 0;
  readonly #host: HubHost;
  #door: Authenticator | undefined;
  #pull: Intake<Pull> | undefined;
  #pub: Outlet<Publisher> | undefined;
  #publishing: Publishing | undefined;

  constructor(host: HubHost) {
    this.#host = host;
  }

  get counts(): object {
    return { forwarded: this.#forwarded, passedOver: this.#publishing?.passedOver ?? 0, ...this.#sides };
  }

  /** Binds both, and begins. @throws NetworkError LISTEN_FAILED, UsageError */
  async open(zmq: ZeroMq, { emit, reg, curve, limits }: EventsServerSettings): Promise<HubAddresses> {
    try {
      const keys = curve === undefined ? {} : this.#lock(zmq, curve);
      const sockets: ZeroMqSettings = { ...limits, linger, ...keys };
      const taken = (frames: readonly Buffer[]): Promise<void> | undefined => this.#forward(frames);
      const held = (error: unknown, frames: readonly Buffer[]): Promise<void> => this.#again(error, frames);
      const failed = (error: Error): void => this.#host.complain('failed', error.message);
      // In this order, as in the original.
      this.#pull = await bindPull(zmq, emit, sockets, { ...this.#events('emitters'), taken, held, failed });
      this.#pub = await bindPub(zmq, reg, sockets, this.#events('subscribers'));
      this.#publishing = new Publishing(this.#pub, this.#host.clock);
      this.#pull.start();
    } catch (error) {
      this.close();
      throw error;
    }
    const [emitAddress, regAddress] = [this.#pull, this.#pub].map(({ socket }) => formatPlace(placeOf(socket)));
    return { emitAddress: emitAddress as string, regAddress: regAddress as string };
  }

  pause(): void {
    this.#pull?.pause();
  }

  resume(): void {
    this.#pull?.resume();
  }

  /** Goes on until nothing comes any more, because clients of the same process may be ending too; then `over`. */
  finish(over: () => void, rounds = farewell.rounds): void {
    const before = this.#forwarded;
    this.#host.clock.after(farewell.quiet, () => {
      if (this.#forwarded > before && rounds > 1) this.finish(over, rounds - 1);
      else if (this.#pull === undefined) over();
      else this.#pull.finish(over);
    });
  }

  close(): void {
    this.#pull?.close();
    this.#pub?.close();
    this.#door?.close();
  }

  /** A promise holds back the next frames. */
  #forward(frames: readonly Buffer[]): Promise<void> | undefined {
    const frame = frames[0] as Buffer;
    if (frames.length > 1) this.#host.complain('extra', `${frames.length - 1} frames behind the first were dropped`);
    if (nameEnd(frame) === -1) {
      this.#host.complain('nameless', `a frame of ${frame.length} bytes has no name: dropped`);
      return undefined;
    }
    this.#forwarded += 1;
    return this.#publishing?.send(frame);
  }

  /** It was published to nobody. */
  async #again(error: unknown, [frame]: readonly Buffer[]): Promise<void> {
    try {
      if (!isFull(error)) throw error;
      await this.#publishing?.insist(frame as Buffer);
    } catch (failure) {
      if (this.#pub?.socket.closed === false) this.#host.complain('failed', reasonOf(failure));
    }
  }

  /** Keys, and somebody at the door who knows those that may come in. */
  #lock(zmq: ZeroMq, curve: CurveOptions): Pick<ZeroMqSettings, 'security' | 'context'> {
    const context = this.#host.context(zmq);
    const folder = allowedFolder(curve);
    const keys = new AllowedKeys(folder, error =>
      this.#host.complain('stranger', `keys in ${folder}: ${reasonOf(error)}`),
    );
    this.#door = Authenticator.open(zmq, context, {
      allows: key => keys.has(key),
      refused: (key, from) => this.#host.complain('stranger', `${from} has a key that is not known here: ${key}`),
    });
    return { context, security: serverKeys(zmq, curve) };
  }

  #events(who: 'emitters' | 'subscribers'): SocketEvents {
    return {
      up: () => {
        this.#sides[who] += 1;
      },
      down: () => {
        this.#sides[who] = Math.max(0, this.#sides[who] - 1);
        this.#sides.disconnected += 1;
      },
      refused: reason => this.#host.complain('refused', `a connection of ${who} was refused: ${reason}`),
    };
  }
}
