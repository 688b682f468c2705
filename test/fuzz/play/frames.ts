// Plays a script over a WebSocket of the ws package: each line is a frame. Most of those that have a number get the one
// that is due, so that they come further than to the count.

import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Chance } from '../input/chance.ts';
import type { Script } from '../input/script.ts';

/** So long, in ms, may opening take, and is the other side's end waited for. */
const patience = { open: 1_000, end: 200, handling: 60 } as const;
const codes = [1000, 1001, 1002, 1011, 3000, 4003] as const;
/** Tokens of sessions that were heard: some come back with another's. */
const tokens: string[] = [];
const mostTokens = 24;

/** Says all frames; gives how many went out. */
export async function playFrames(url: string, script: Script): Promise<number> {
  const { lines, reading, chance } = script;
  const ws = new WebSocket(url);
  ws.on('error', () => undefined);
  ws.on('message', frame => learn(String(frame)));
  if (!(await opened(ws))) return 0;
  if (reading === 'none') ws.pause();
  let [sent, due] = [0, 0];
  for (const line of lines) {
    if (ws.readyState !== ws.OPEN) break;
    const filled = line.replaceAll('@TOKEN@', tokens.length === 0 ? 'x.y' : chance.pick(tokens));
    const frame = chance.oneIn(4) ? filled : numbered(filled, due + 1);
    if (frame !== filled || /^\{"seq":1,/.test(frame)) due += 1;
    ws.send(chance.oneIn(10) ? Buffer.from(frame, 'latin1') : frame);
    sent += 1;
    if (chance.oneIn(300)) for (let count = chance.between(1, 2_000); count > 0; count -= 1) ws.ping();
    if (chance.oneIn(10)) await new Promise(resolve => setImmediate(resolve));
  }
  await end(ws, script, chance);
  return sent;
}

function learn(frame: string): void {
  const [, token] = /"session_token":"([^"]+)"/.exec(frame) ?? [];
  if (token === undefined) return;
  tokens.push(token);
  if (tokens.length > mostTokens) tokens.shift();
}

const numbered = (frame: string, seq: number): string => frame.replace(/^\{"seq":\d+,/, `{"seq":${seq},`);

function opened(ws: WebSocket): Promise<boolean> {
  return new Promise(resolve => {
    const late = setTimeout(() => ws.terminate(), patience.open);
    ws.once('open', () => {
      clearTimeout(late);
      resolve(true);
    });
    ws.once('close', () => {
      clearTimeout(late);
      resolve(false);
    });
  });
}

async function end(ws: WebSocket, { ending }: Script, chance: Chance): Promise<void> {
  if (chance.oneIn(2)) await pause(chance.between(1, patience.handling));
  if (ending === 'end' && ws.readyState === ws.OPEN) ws.close(chance.pick(codes), 'x'.repeat(chance.below(60)));
  if (ending === 'half') ws.close();
  if (ending !== 'destroy' && ending !== 'reset') {
    const over = new Promise(resolve => ws.once('close', resolve));
    await Promise.race([over, pause(patience.end)]);
  }
  ws.terminate();
}
