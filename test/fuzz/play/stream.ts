// Plays a script on an open stream: writes its lines in pieces, reads or does not, and ends as the script says.

import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Chunking, Script } from '../input/script.ts';
import type { Filling } from './filling.ts';

/** So long, in ms, is an answer listened for, the socket's room or the other side's end waited for. */
const patience = { answer: 60, room: 150, end: 250, handling: 40 } as const;
/** Cutting more than this into bytes would take too long. */
const mostSmall = 1_500;

/** Writes all lines; says how many went out before the link broke. */
export async function play(socket: Socket, script: Script, filling: Filling): Promise<number> {
  const { lines, manner } = script;
  socket.on('error', () => undefined);
  socket.on('data', chunk => filling.hear(chunk));
  read(socket, script);
  let sent = 0;
  if (manner === 'listens' && lines.length > 0) {
    socket.write(bytesOf(filling.fill(lines[0] ?? ''), true));
    sent = 1;
    await heard(socket, patience.answer);
  }
  while (sent < lines.length && !socket.destroyed) {
    const batch = lines.slice(sent, sent + batchOf(script.chunking));
    sent += batch.length;
    await write(
      socket,
      script,
      batch.map(line => filling.fill(line)),
    );
  }
  await end(socket, script);
  return sent;
}

function read(socket: Socket, { reading }: Script): void {
  if (reading === 'none') socket.pause();
  if (reading !== 'slow') return;
  socket.on('data', () => {
    socket.pause();
    setTimeout(() => socket.resume(), 3);
  });
}

const batchOf = (chunking: Chunking): number => (chunking === 'lines' ? 8 : 64);

const bytesOf = (text: string, ended: boolean): Buffer => Buffer.from(ended ? `${text}\n` : text, 'latin1');

async function write(socket: Socket, script: Script, lines: readonly string[]): Promise<void> {
  const { chunking, chance, ending } = script;
  const cutShort = (ending === 'destroy' || ending === 'reset') && chance.oneIn(2);
  const bytes = bytesOf(lines.join('\n'), !cutShort);
  for (const chunk of chunks(bytes, script)) {
    if (socket.destroyed) return;
    const hasRoom = socket.write(chunk);
    if (!hasRoom) await room(socket);
    else if (chunking !== 'whole') await new Promise(resolve => setImmediate(resolve));
  }
}

function* chunks(bytes: Buffer, { chunking, chance }: Script): Iterable<Buffer> {
  const cuts = chunking !== 'whole' && chunking !== 'lines';
  for (let at = 0; at < bytes.length; ) {
    const near = at < mostSmall;
    const most = chunking === 'one' ? 1 : chunking === 'small' ? 12 : 1_000;
    const length = !cuts || (!near && chunking !== 'random') ? bytes.length : chance.between(1, most);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

async function end(socket: Socket, { ending, place, chance }: Script): Promise<void> {
  // At once: much is never read. A little later: it is being handled.
  if (chance.oneIn(2)) await pause(chance.between(1, patience.handling));
  if (ending === 'reset' && place !== 'unix') return void socket.resetAndDestroy();
  if (ending === 'destroy' || ending === 'reset') return void socket.destroy();
  if (ending === 'end' || ending === 'half') socket.end();
  if (ending === 'half') socket.pause();
  if (ending === 'end') socket.resume();
  await over(socket, patience.end);
  socket.destroy();
}

function room(socket: Socket): Promise<void> {
  return eventOf(socket, ['drain', 'close'], patience.room);
}

function heard(socket: Socket, longest: number): Promise<void> {
  return eventOf(socket, ['data', 'close'], longest);
}

function over(socket: Socket, longest: number): Promise<void> {
  return socket.destroyed ? Promise.resolve() : eventOf(socket, ['close', 'end'], longest);
}

/** The first of the events, or the end of the wait. */
function eventOf(socket: Socket, events: readonly string[], longest: number): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(late);
      for (const event of events) socket.off(event, done);
      resolve();
    };
    const late = setTimeout(done, longest);
    for (const event of events) socket.on(event, done);
  });
}
