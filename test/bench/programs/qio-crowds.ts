// Many clients in one process: bare WebSockets that follow a script until they are there, and then count what comes. They
// are the same for all sides, so that what they cost is the same, too.

import { WebSocket } from 'ws';
import type { Abilities, Figures } from '../child.ts';
import { serve } from '../child.ts';
import { news, newsPath } from './qio-news.ts';
import { inGroups } from './together.ts';

interface Script {
  readonly path: string;
  readonly subprotocol?: string;
  /** What is said first, unasked. */
  readonly first?: string;
  /** What came is the last word of the beginning; without it, the open connection is. */
  readonly ready?: (text: string) => boolean;
  /** What is said to it. */
  answer(text: string): string | undefined;
}

const ohai = '/qio/ohai';
const common = { path: '/', subprotocol: 'quickio', first: ohai };
const idle: Script = { ...common, ready: text => text === ohai, answer: () => undefined };
const subscribed: Script = {
  ...common,
  ready: text => text.startsWith('/qio/callback/1:0={"code":200'),
  answer: text => (text === ohai ? `/qio/on:1="${newsPath}"` : undefined),
};
/** Packets of engine.io 4: 0 opens, 2 and 3 are ping and pong, 40 connects the main namespace. */
const socketIo: Script = {
  path: '/socket.io/?EIO=4&transport=websocket',
  ready: text => text.startsWith('40'),
  answer: text => (text.startsWith('0') ? '40' : text === '2' ? '3' : undefined),
};
const bare: Script = { path: '/', answer: () => undefined };

/** The news, which all sides say as the same JSON. */
const content = Buffer.from(JSON.stringify(news));

class Crowd {
  readonly #script: Script;
  readonly #sockets: WebSocket[] = [];
  #beats = 0;
  #heard = 0;
  #wanted = Number.POSITIVE_INFINITY;
  #enough: (() => void) | undefined;

  constructor(script: Script) {
    this.#script = script;
  }

  async open({ port = 0, count = 0 }: Figures): Promise<Figures> {
    await inGroups(count, () => this.#connect(port));
    return { open: this.#sockets.length };
  }

  /** Resolves when so many news were heard from now on. */
  async expect({ count = 0 }: Figures): Promise<Figures> {
    this.#wanted = this.#heard + count;
    await new Promise<void>(resolve => {
      this.#enough = resolve;
    });
    return { heard: this.#heard };
  }

  beats(): Figures {
    return { beats: this.#beats };
  }

  close(): Figures {
    for (const socket of this.#sockets) socket.close(1000);
    return {};
  }

  #connect(port: number): Promise<void> {
    const { path, subprotocol, first, ready } = this.#script;
    return new Promise((resolve, reject) => {
      const protocols = subprotocol === undefined ? [] : [subprotocol];
      const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { perMessageDeflate: false });
      const begun = (): void => {
        this.#sockets.push(socket);
        resolve();
      };
      socket.on('open', () => {
        if (first !== undefined) socket.send(first);
        if (ready === undefined) begun();
      });
      socket.on('ping', () => this.#beat());
      socket.on('message', (bytes: Buffer) => {
        if (bytes.length >= content.length && bytes.includes(content)) this.#hear();
        else this.#follow(socket, bytes.toString(), begun);
      });
      socket.on('error', reject);
    });
  }

  #hear(): void {
    this.#heard += 1;
    if (this.#heard >= this.#wanted) this.#enough?.();
  }

  #beat(): void {
    this.#beats += 1;
  }

  #follow(socket: WebSocket, text: string, begun: () => void): void {
    if (text.startsWith('/qio/heartbeat')) this.#beat();
    if (this.#script.ready?.(text) === true) begun();
    const answer = this.#script.answer(text);
    if (answer !== undefined) socket.send(answer);
  }
}

function crowd(script: Script): Abilities {
  const clients = new Crowd(script);
  return {
    open: given => clients.open(given),
    expect: given => clients.expect(given),
    beats: () => clients.beats(),
    close: () => clients.close(),
  };
}

serve({
  qio: () => crowd(subscribed),
  'qio-idle': () => crowd(idle),
  'socket-io': () => crowd(socketIo),
  ws: () => crowd(bare),
});
