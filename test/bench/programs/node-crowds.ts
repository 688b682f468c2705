// The clients of `nodes`: bare WebSockets that follow a script, so many in one process. They register where that is
// asked for, and then do nothing but heartbeats.

import { WebSocket } from 'ws';
import type { Abilities, Figures } from '../child.ts';
import { serve } from '../child.ts';
import { inGroups } from './together.ts';

interface Script {
  readonly path: string;
  /** What came is the last word of the beginning. */
  ready(text: string): boolean;
  /** What is said to it. */
  answer(text: string, id: number): string | undefined;
  /** Whether it is a heartbeat. */
  isBeat(text: string): boolean;
  /** What is said each interval, unasked. */
  readonly beat?: string;
}

const link: Script = {
  path: '/api/socket',
  ready: text => text.includes('"type":"ready"'),
  answer: (text, id) => (text.includes('"type":"hello"') ? register(id) : undefined),
  isBeat: text => text.includes('"type":"heartbeat"'),
  beat: JSON.stringify({ seq: null, type: 'heartbeat', data: { seq: null } }),
};

function register(id: number): string {
  const data = { token: '', agent: 'bench', version: '1.0.0', id, name: `node ${id}`, plugins: {} };
  return JSON.stringify({ seq: null, type: 'register_slave', data });
}

/** Packets of engine.io 4: 0 opens, 2 and 3 are ping and pong, 40 connects the main namespace. */
const socketIo: Script = {
  path: '/socket.io/?EIO=4&transport=websocket',
  ready: text => text.startsWith('40'),
  answer: text => (text.startsWith('0') ? '40' : text === '2' ? '3' : undefined),
  isBeat: text => text === '2',
};

/** Its pings are frames of their own, which ws answers by itself. */
const bare: Script = { path: '/', ready: () => false, answer: () => undefined, isBeat: () => false };

/** An interval's heartbeats go out in so many parts, as if the nodes had come one by one. */
const parts = 100;

function crowd(script: Script): Abilities {
  const sockets: WebSocket[] = [];
  let beats = 0;
  const connected = (port: number, id: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}${script.path}`, { perMessageDeflate: false });
      const begun = (): void => {
        sockets.push(socket);
        resolve();
      };
      if (script === bare) socket.once('open', begun);
      socket.on('ping', () => {
        beats += 1;
      });
      socket.on('message', (bytes: Buffer) => {
        const text = bytes.toString();
        if (script.isBeat(text)) beats += 1;
        else if (script.ready(text)) begun();
        const answer = script.answer(text, id);
        if (answer !== undefined) socket.send(answer);
      });
      socket.on('error', reject);
    });
  const beat = (heartbeat: number): void => {
    const { beat } = script;
    if (beat === undefined) return;
    const start = performance.now();
    let said = 0;
    setInterval(() => {
      // By the clock, not by the ticks: these come late on a busy machine.
      for (const due = ((performance.now() - start) * parts) / heartbeat; said < due; said += 1) {
        for (let at = said % parts; at < sockets.length; at += parts) sockets[at]?.send(beat);
      }
    }, heartbeat / parts);
  };
  return {
    async open({ port = 0, count = 0, heartbeat = 0 }): Promise<Figures> {
      beat(heartbeat);
      await inGroups(count, id => connected(port, id));
      return { open: sockets.length };
    },
    beats: () => ({ beats }),
    async close(): Promise<Figures> {
      for (const socket of sockets) socket.close(1000);
      return {};
    },
  };
}

serve({ link: () => crowd(link), 'socket-io': () => crowd(socketIo), ws: () => crowd(bare) });
