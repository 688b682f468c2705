// Our broker hears what the recorded communicatord heard, and says what that said. Where it says something else, the
// exception is listed with its reason.

import t from 'tap';
import { brokerStage } from '../scenario/broker/broker-stage.ts';
import type { Raw } from '../scenario/raw.ts';
import { until } from '../support/world.ts';
import { recording } from './replay-kit.ts';

const records = recording('10-communicatord').filter(({ dir, bytes }) => dir !== undefined && bytes !== undefined);

/** What each answer of the recorded daemon becomes here; an empty text: it says nothing. */
const instead: readonly (readonly [sent: string, ours: Readonly<Record<string, string>>, why: string])[] = [
  [
    'other:beta/HELLO text=hi\n',
    { A: '<benchsrv:communicatord SERVICE_UNAVAILABLE destination_service=beta;unsent_command=HELLO\n' },
    'the C++ broker drops it without a word',
  ],
  [
    'gamma/HELLO text=nobody\n',
    { A: '<benchsrv:communicatord SERVICE_UNAVAILABLE destination_service=gamma;unsent_command=HELLO\n' },
    'nobody is told there',
  ],
  [
    'gamma/HELLO transmission_report=failure;cache=no;text=nobody\n',
    { A: '<benchsrv:communicatord TRANSMISSION_REPORT command=HELLO;status=failed\n' },
    'defect 35: no report even if requested',
  ],
  [
    'HELP\n',
    {
      A: 'benchsrv:alpha/COMMANDS list=ABSOLUTELY,ALIVE,BROKER_STATUS,CLUSTER_STATUS,COMMANDS,HELP,INVALID,LEAK,LIST_SERVICES,LOG_ROTATE,PUBLIC_IP,QUITTING,READY,REGISTER,REGISTER_FOR_LOADAVG,RESTART,SERVICE_STATUS,SERVICE_UNAVAILABLE,SHUTDOWN,STOP,UNKNOWN,UNREGISTER,UNREGISTER_FROM_LOADAVG\n',
    },
    'another list',
  ],
];
/** Times and the port differ. */
function shaped(text: string): string {
  return text
    .replace(/reply_timestamp=\d{10}\.\d{9}/g, 'reply_timestamp=T')
    .replace(/up_since=\d{10}/g, 'up_since=T')
    .replace(/my_address=127\.0\.0\.1:\d+/g, 'my_address=A');
}

t.test('the recorded services at our broker hear what they heard then', async t => {
  const stage = await brokerStage(t);
  const links = new Map<string, Raw>();
  // From there on the recording shows defects: a second alpha is let in, and a datagram ends the daemon.
  const border = records.findIndex(({ conn, bytes }) => String(conn).startsWith('C') && bytes?.startsWith('REGISTER'));
  let compared = 0;
  for (let at = 0; at < border; at += 1) {
    const { conn, dir, bytes = '' } = records[at] ?? {};
    if (dir !== 'service->daemon') continue;
    // A later cache wish keeps a message for gamma: here too nobody hears of it.
    const wanted = new Map<string, string>();
    for (let next = at + 1; records[next]?.dir === 'daemon->service'; next += 1) {
      const { conn, bytes } = records[next] ?? {};
      wanted.set(String(conn), (wanted.get(String(conn)) ?? '') + bytes);
    }
    for (const [text, ours] of instead)
      if (text === bytes) for (const [who, line] of Object.entries(ours)) wanted.set(who, line);
    const link = links.get(String(conn)) ?? (await stage.raw());
    links.set(String(conn), link);
    link.send(bytes);
    for (const [who, text] of wanted) {
      let heard = '';
      for (const _ of text.matchAll(/\n/g)) heard += await (links.get(who) as Raw).line();
      t.equal(shaped(heard), shaped(text), `${who} after ${JSON.stringify(bytes)}`);
      compared += 1;
    }
    if (wanted.size === 0) await new Promise(resolve => setImmediate(resolve));
  }
  t.ok(compared > 25, `${compared} answers`);
  for (const [name, link] of links) t.equal(link.rest, '', `${name} heard nothing else`);
});

t.test('where the recorded daemon shows defects, ours says what is wrong', async t => {
  const stage = await brokerStage(t);
  const a = await stage.member('alpha');
  const c = await stage.raw();
  a.send('REGISTER service=beta;version=2\n');
  t.match(await a.line(), /^INVALID command=REGISTER;message=version 2 is not 1/);
  c.send('REGISTER\n');
  t.match(
    await c.line(),
    /^INVALID command=REGISTER;message=parameter service: it is missing, parameter version: it is missing/,
  );
  c.send('REGISTER service=eps\n');
  t.match(await c.line(), /^INVALID command=REGISTER;message=parameter version: it is missing/);
  c.send('REGISTER service=alpha;version=1\n');
  t.equal(await a.line(), '<benchsrv:communicatord ALIVE serial=probe\n', 'the one that has the name is asked');
  a.send('communicatord/ABSOLUTELY serial=probe\n');
  t.match(await c.line(), /^INVALID command=REGISTER;message=service alpha is registered already/);
  a.send('UNREGISTER service=alpha\n');
  await a.end();
  await until('it is gone', () => stage.broker.status.services.every(({ status }) => status === 'down'));
});
