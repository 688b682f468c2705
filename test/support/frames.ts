// A transport of frames inside one process, with the close codes of WebSocket: for tests of links. It records what is
// said, in the form of the recorded bytes, and can cut, stop forwarding, or let a test speak raw frames.

import type { Address, Channel, ChannelEvents, ListenEvents, SharedFrame, Transport } from '../../lib/index.ts';
import { NetworkError } from '../../lib/index.ts';

export interface FrameEvents extends ChannelEvents {
  closing?(code: number, reason: string): void;
}

/** What was said on a connection. */
export interface Said {
  readonly conn: number;
  readonly dir: 'c2s' | 's2c';
  readonly frame: 'text' | 'close' | 'gone';
  readonly text?: string;
  readonly code?: number | null;
  readonly reason?: string;
}

type Step = () => void;

export class FrameEnd implements Channel {
  readonly remote: string;
  readonly conn: number;
  peer: FrameEnd | undefined;
  /** A test lets nothing through. */
  stalled = false;
  flow: 'early' | 'flowing' | 'paused' | 'over' = 'early';
  #events: FrameEvents | undefined;
  #inbox: Step[] = [];
  #sending: 'open' | 'closed' = 'open';
  readonly #said: Said[];
  readonly #dir: 'c2s' | 's2c';

  constructor(remote: string, conn: number, dir: 'c2s' | 's2c', said: Said[]) {
    this.remote = remote;
    this.conn = conn;
    this.#dir = dir;
    this.#said = said;
  }

  get unsent(): number {
    return 0;
  }

  start(events: FrameEvents): void {
    this.#events = events;
    if (this.flow === 'over') queueMicrotask(() => events.closed());
    else this.resume();
  }

  pause(): void {
    if (this.flow === 'flowing') this.flow = 'paused';
  }

  resume(): void {
    if (this.flow === 'over') return;
    this.flow = 'flowing';
    queueMicrotask(() => this.#read());
  }

  send(bytes: Buffer): boolean {
    if (this.#sending === 'closed' || this.flow === 'over') return true;
    this.#said.push({ conn: this.conn, dir: this.#dir, frame: 'text', text: bytes.toString() });
    this.#put(peer => peer.#events?.data(Buffer.from(bytes)));
    return true;
  }

  sendShared({ messages }: SharedFrame): boolean {
    return messages.map(message => this.send(message)).every(hasRoom => hasRoom);
  }

  close(): void {
    this.closeWith();
  }

  closeWith(code?: number, reason = ''): void {
    if (this.#sending === 'closed' || this.flow === 'over') return;
    this.#sending = 'closed';
    this.#said.push({ conn: this.conn, dir: this.#dir, frame: 'close', code: code ?? null, reason });
    this.#put(peer => peer.#heardClose(code ?? 1005, reason));
  }

  destroy(reason?: Error): void {
    if (this.flow === 'over') return;
    this.#said.push({ conn: this.conn, dir: this.#dir, frame: 'gone' });
    this.#over(reason);
    this.#put(peer => {
      peer.#events?.closing?.(1006, '');
      peer.#over(new NetworkError('CLOSED', 'reset'));
    });
  }

  reset(): void {
    this.destroy();
  }

  #heardClose(code: number, reason: string): void {
    const answered = this.#sending === 'closed';
    this.#events?.closing?.(code, reason);
    if (answered) {
      this.#over();
      const { peer } = this;
      if (peer !== undefined) queueMicrotask(() => peer.#over());
    }
  }

  #put(step: (peer: FrameEnd) => void): void {
    const { peer } = this;
    if (peer === undefined || this.stalled || peer.stalled) return;
    peer.#inbox.push(() => step(peer));
    queueMicrotask(() => peer.#read());
  }

  #read(): void {
    while (this.flow === 'flowing' && this.#events !== undefined) {
      const step = this.#inbox.shift();
      if (step === undefined) return;
      step();
    }
  }

  #over(reason?: Error): void {
    if (this.flow === 'over') return;
    this.flow = 'over';
    const events = this.#events;
    queueMicrotask(() => events?.closed(reason));
  }
}

export interface Frames extends Transport {
  readonly said: Said[];
  /** The open connections, from the client's end. */
  readonly ends: FrameEnd[];
  /** Cuts all connections as a network does: neither side says anything. */
  cut(): void;
  /** Nobody can be reached (or again). */
  reachable: boolean;
}

export function frames(): Frames {
  const places = new Map<string, ListenEvents>();
  const said: Said[] = [];
  const ends: FrameEnd[] = [];
  const refuse = (address: Address): Promise<never> =>
    Promise.reject(new NetworkError('DIAL_FAILED', `nobody listens at ${address.path}`));
  const made: Frames = {
    said,
    ends,
    reachable: true,
    cut() {
      for (const end of ends.splice(0)) end.destroy();
    },
    dial(address, signal) {
      const place = places.get(address.path);
      if (signal.aborted) return Promise.reject(signal.reason);
      if (place === undefined || !made.reachable) return refuse(address);
      const conn = ends.length === 0 ? said.filter(({ frame }) => frame === 'gone').length + 1 : ends.length + 1;
      const near = new FrameEnd(address.path, conn, 'c2s', said);
      const far = new FrameEnd(`${address.path}#${conn}`, conn, 's2c', said);
      near.peer = far;
      far.peer = near;
      ends.push(near);
      queueMicrotask(() => place.accept(far));
      return Promise.resolve(near);
    },
    listen(address, events) {
      places.set(address.path, events);
      return Promise.resolve({ address, close: () => void places.delete(address.path) });
    },
  };
  return made;
}
