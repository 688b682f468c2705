// Many connections to the daemon at once, each with a script; when one ends, the next begins.

import dgram from 'node:dgram';
import net from 'node:net';
import type { Place, Script } from '../input/script.ts';
import { Filling } from './filling.ts';
import { playFrames } from './frames.ts';
import { play } from './stream.ts';

export type Targets = Readonly<Record<Place, string>>;

/** Scripts by number. */
export interface Scripts {
  client(number: number): Script;
}

/** Connections at the same time. */
const crowd = 40;

export class Players {
  /** Lines and packets that went out. */
  sent = 0;
  /** Scripts by number that play now: what ends the daemon is one of them. */
  readonly playing = new Set<number>();
  readonly #scripts: Scripts;
  readonly #targets: Targets;
  readonly #stolen: () => string;
  readonly #packets = dgram.createSocket('udp4');
  #next: number;

  constructor(scripts: Scripts, targets: Targets, { first, stolen }: { first: number; stolen: () => string }) {
    this.#scripts = scripts;
    this.#targets = targets;
    this.#next = first;
    this.#stolen = stolen;
    this.#packets.unref();
  }

  /** Scripts begun so far. */
  get scripts(): number {
    return this.#next;
  }

  /** Plays until `enough` says so, and all that had begun has ended. */
  async run(enough: () => boolean): Promise<void> {
    const one = async (): Promise<void> => {
      while (!enough()) {
        const number = this.#next;
        this.#next += 1;
        this.playing.add(number);
        const sent = await this.#play(this.#scripts.client(number));
        this.sent += sent;
        this.playing.delete(number);
      }
    };
    await Promise.all(Array.from({ length: crowd }, one));
  }

  close(): void {
    this.#packets.close();
  }

  async #play(script: Script): Promise<number> {
    const { place, key } = script;
    const filling = new Filling(key, this.#stolen());
    if (place === 'link') return playFrames(this.#targets.link, script);
    if (place === 'packets' || place === 'rotate') return this.#sendPackets(script, filling);
    const target = this.#targets[place];
    const where = place === 'unix' ? { path: target.slice('unix:'.length) } : hostPort(target);
    const socket = net.connect({ ...where, allowHalfOpen: true, noDelay: true });
    const opened = new Promise<boolean>(resolve => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    return (await opened) ? play(socket, script, filling) : 0;
  }

  async #sendPackets({ lines, place }: Script, filling: Filling): Promise<number> {
    const { host, port } = hostPort(this.#targets[place]);
    for (const line of lines) {
      const bytes = Buffer.from(filling.fill(line), 'latin1').subarray(0, 65_000);
      await new Promise(resolve => this.#packets.send(bytes, port, host, resolve));
    }
    return lines.length;
  }
}

function hostPort(address: string): { host: string; port: number } {
  const { hostname, port } = new URL(address);
  return { host: hostname, port: Number(port) };
}
