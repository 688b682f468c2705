// A program for spool-kill.test.ts: it stores, withdraws and confirms as fast as it can, and says what is durable
// with one write at a time, until it is killed.

import { writeSync } from 'node:fs';
import { Spool } from '../../../lib/spool/index.ts';

/** Every seventh message is withdrawn. */
const seventh = 7;
const most = 3000;

const spool = await Spool.open({ directory: process.argv[2] ?? '', segment: 65_536, bytes: 8 * 1024 * 1024 });
const left = spool.recovered.messages.map(({ id }) => id);
const alive = left.filter(id => id % seventh > 0);
for (const id of left) if (id % seventh === 0) spool.withdrawn(id);
let confirmed = spool.recovered.confirmed;
let last = left.at(-1) ?? 0;
const say = (letter: string, id: number): number => writeSync(1, `${letter} ${id}\n`);

function round(): void {
  say('d', spool.durable);
  if (spool.settled) say('w', last);
  const free = alive.filter(id => id <= spool.durable);
  const through = free[Math.floor(free.length / 2)];
  if (through !== undefined && free.length > 100) {
    say('c', through);
    for (; (alive[0] ?? through) < through; confirmed += 1) alive.shift();
    spool.confirmed(confirmed);
  }
  while (alive.length < most && Math.random() > 0.005) {
    const id = spool.store(`MESSAGE number=${spool.durable} `.padEnd(20 + Math.floor(Math.random() * 400), 'x'));
    if (id % seventh === 0) spool.withdrawn(id);
    else alive.push(id);
    last = id;
  }
}

spool.session({ id: 'key', secret: 'quiet', epoch: undefined });
spool.onMoved = round;
round();
