// Letters that wait for long keep their own texts alone, and not the chunks that they came in.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { brokerLimits } from '../../../lib/broker/options.ts';
import { Letter } from '../../../lib/broker/services/letter.ts';
import { Mailbox } from '../../../lib/broker/services/mailbox.ts';
import type { Party } from '../../../lib/broker/services/party.ts';
import { decode, Message } from '../../../lib/index.ts';
import type { Outgoing } from '../../../lib/session/index.ts';
import { OutStream } from '../../../lib/session/index.ts';
import { VirtualClock } from '../../../lib/testkit/index.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const chunk = 64 * 1024;
const count = 500;

function heap(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

const from = { server: 'here', service: 'boss' };

/** A message of about 100 bytes, cut from a chunk of its own, as the router passes it on. */
function arrives(n: number): Message {
  const line = `here:this-is-the-printer/PRINT_A_PAGE number_of_page=${n};text=${'x'.repeat(40)}`;
  const text = Buffer.from(line.padEnd(chunk, ' ')).toString('latin1');
  const { command, list, to } = decode(text, 0, line.length) as Message;
  return new Message(command, list, from, to);
}

function stage() {
  const clock = new VirtualClock();
  const mailbox = new Mailbox('printer', brokerLimits, clock, { bytes: 0 });
  const letter = (n: number, message: Message): Letter => new Letter(message, n, 1_000_000, () => undefined);
  const put = (n: number): void => mailbox.put(letter(n, arrives(n)), 0);
  return { clock, mailbox, letter, put };
}

/** A process with a session, as far as a mailbox knows it. */
function processOf(clock: VirtualClock) {
  const out = new OutStream({ count: 10_000, bytes: 1e9, whenFull: 'reject' }, clock, () => undefined);
  const send = (message: Message, teller: Letter): void => {
    const outgoing: Outgoing = { message, line: '', bytes: 100, expires: 1e9, stored: 0, teller };
    out.push(outgoing);
    if (out.sent < count / 2) out.next();
  };
  return {
    state: 'member',
    underWay: 0,
    handed: 0,
    takes: () => true,
    peer: { session: { out, send } },
  } as unknown as Party;
}

t.test('letters that are there at a second look take what is counted', async t => {
  const { mailbox, put } = stage();
  const before = heap();
  for (let n = 1; n <= count; n += 1) put(n);
  mailbox.look();
  const shared = heap() - before;
  t.ok(shared > 0.9 * count * chunk, `each keeps its chunk at first: ${shared} bytes`);
  mailbox.look();
  const own = heap() - before;
  t.ok(own < (count * chunk) / 20, `${own} bytes, ${mailbox.bytes} are counted`);
});

t.test('so do those in the hands of a process that takes long', async t => {
  const { clock, mailbox, put } = stage();
  mailbox.members.push(processOf(clock));
  const before = heap();
  for (let n = 1; n <= count; n += 1) put(n);
  t.equal(mailbox.underWay, count);
  mailbox.look();
  mailbox.look();
  const own = heap() - before;
  t.ok(own < (count * chunk) / 20, `${own} bytes, ${mailbox.bytes} are counted`);
});

t.test('and those that come to their place late', async t => {
  const { mailbox, put } = stage();
  put(10_000);
  for (let look = 0; look < 3; look += 1) mailbox.look();
  const before = heap();
  for (let n = 1; n <= count; n += 1) put(n);
  const own = heap() - before;
  t.ok(own < (count * chunk) / 20, `${own} bytes, ${mailbox.bytes} are counted`);
});

t.test('what has texts of its own is the same message', async t => {
  const odd = 'n\u00efcht ASCII \udc80\udcff, \u{1f600} and some more';
  const text = `<somebodys-computer:some-service-name here:this-is-the-printer/PRINT_A_PAGE ${Array.from({ length: 40 }, (_, n) => `a_name_of_a_value_${n}=${odd} ${n}`).join(';')}`;
  const [one, same] = [decode(text) as Message, decode(text) as Message];
  t.equal(one.get('a_name_of_a_value_7'), `${odd} 7`);
  one.own();
  t.strictSame([one.command, one.from, one.to, one.list], [same.command, same.from, same.to, same.list]);
  t.equal(one.get('a_name_of_a_value_7'), `${odd} 7`);
  t.strictSame(one.parameters, same.parameters);
});
