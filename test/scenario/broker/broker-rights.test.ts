// Who may what, as a table: each command, over each transport, from who has this right or none, shown in each way that there
// is. What is refused is answered with the right that is missing; what is allowed does what it says.

import dgram from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { Test } from 'tap';
import t from 'tap';
import type { Right } from '../../../lib/broker/index.ts';
import { Communicator, parseAddress, tls } from '../../../lib/index.ts';
import { authority, clientIdentity, serverIdentity } from '../../support/certificate.ts';
import { until } from '../../support/world.ts';
import { Raw } from '../raw.ts';
import type { BrokerStage } from './broker-stage.ts';
import { brokerStage } from './broker-stage.ts';

type Needed = Right | 'nothing' | 'control, or send on this machine';
/** `worker` hears it, where the answer is no pattern; an empty pattern: nothing is said. */
type Row = readonly [line: string, needed: Needed, answer: RegExp | 'the worker hears it'];

const brokersWords = [
  ...['BROKER_STATUS_IS', 'CLOCK_STABLE', 'CLOCK_UNSTABLE', 'CLUSTER_COMPLETE', 'CLUSTER_DOWN', 'CLUSTER_INCOMPLETE'],
  ...['CLUSTER_UP', 'DISCONNECTED', 'DISCONNECTING', 'HANGUP', 'LOADAVG', 'NEW_REMOTE_CONNECTION', 'QUITTING', 'READY'],
  ...['SERVER_PUBLIC_IP', 'SERVICES', 'SERVICE_UNAVAILABLE', 'STATUS', 'TRANSMISSION_REPORT', 'UNREACHABLE'],
];
const severe = ['STOP', 'SHUTDOWN', 'RESTART', 'QUIT', 'LEAK'];
/** A word for all reaches the worker where it knows it. */
const known = ['JOB', 'NEWS', ...severe, ...brokersWords];
const nothing = /^$/;

const rows: readonly Row[] = [
  ['ALIVE serial=1', 'nothing', /ABSOLUTELY/],
  ['benchsrv:communicatord/ALIVE serial=1', 'nothing', /ABSOLUTELY/],
  ['HELP', 'nothing', /COMMANDS list=/],
  ['COMMANDS list=HELP', 'nothing', nothing],
  ['UNREGISTER', 'nothing', nothing],
  ['ABSOLUTELY', 'nothing', nothing],
  ['INVALID message=x', 'nothing', nothing],
  ['UNKNOWN command=x', 'nothing', nothing],
  ['SERVICE_STATUS service=worker', 'send', /STATUS .*status=up/],
  ['LIST_SERVICES _request=1', 'send', /SERVICES _answer=1;list=/],
  ['CLUSTER_STATUS _request=1', 'send', /CLUSTER_UP/],
  ['BROKER_STATUS _request=1', 'send', /BROKER_STATUS_IS/],
  ['PUBLIC_IP', 'send', /SERVER_PUBLIC_IP/],
  ['REGISTER_FOR_LOADAVG', 'send', /LOADAVG/],
  ['UNREGISTER_FROM_LOADAVG', 'send', nothing],
  ['LOG_ROTATE', 'send', nothing],
  ['FOO', 'send', /UNKNOWN command=FOO/],
  ['CONNECT version=1;server_name=x;my_address=1.2.3.4:5', 'send', /UNKNOWN command=CONNECT/],
  ['QUITTING', 'send', nothing],
  ['READY', 'send', nothing],
  ['LOADAVG avg=9', 'send', /UNKNOWN command=LOADAVG/],
  ['worker/JOB n=1', 'send', 'the worker hears it'],
  ['benchsrv:worker/JOB n=1', 'send', 'the worker hears it'],
  ['*/NEWS n=1', 'send', 'the worker hears it'],
  ['other:*/NEWS n=1', 'send', /INVALID command=NEWS;message=a broadcast is for no one server/],
  ['other:communicatord/HELP cache=no', 'send', nothing],
  ...['', 'communicatord/', 'benchsrv:communicatord/', '.:communicatord/', '*:communicatord/'].flatMap(to =>
    [
      ['LEAK', nothing],
      ['QUIT', /UNKNOWN command=QUIT/],
      ['RESTART', nothing],
    ].map(([command, answer]): Row => [`${to}${command}`, 'control', answer as RegExp]),
  ),
  ['other:communicatord/STOP cache=no', 'control', nothing],
  ['?:communicatord/STOP cache=no', 'control', nothing],
  ['x/STOP cache=no', 'control, or send on this machine', nothing],
  ...severe.flatMap((command): Row[] => [
    ...['*', '.', '?', '*:*', '.:.', '?:*', 'benchsrv:*'].map(
      (to): Row => [`${to}/${command}`, 'control', 'the worker hears it'],
    ),
    [`worker/${command}`, 'control, or send on this machine', 'the worker hears it'],
  ]),
  ...brokersWords.flatMap((word): Row[] => [
    [`worker/${word}`, 'control', 'the worker hears it'],
    [`*/${word}`, 'control', 'the worker hears it'],
  ]),
];

const everything: readonly (readonly Right[])[] = [
  [],
  ['send'],
  ['register'],
  ['control'],
  ['register', 'send', 'control'],
];

interface Scene {
  readonly stage: BrokerStage;
  readonly worker: Raw;
  readonly raw: Raw;
  /** What goes along to show who it is. */
  readonly shown: string;
}

async function tlsRaw(t: Test, address: string, identity: object): Promise<Raw> {
  const { host, port } = parseAddress(address);
  const raw = new Raw(connect({ host, port, ca: authority, ...identity }));
  t.teardown(() => raw.destroy());
  await until('it is connected', () => !raw.socket.connecting);
  return raw;
}

async function has(t: Test, may: readonly Right[], how: string): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'rights-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const scheme = /^\w+/.exec(how)?.[0] ?? '';
  const place = { unix: `unix:${join(folder, 'socket')}`, tcp: 'tcp://127.0.0.1:0', tls: 'tls://127.0.0.1:0' }[scheme];
  const transports = { tls: tls({ ...serverIdentity, ca: authority, clients: 'asked' }) };
  const user = how.includes('secret') ? { secret: 'letmein', may } : { certificate: 'worker-7.example', may };
  const byPlace = how.includes('place');
  const helper = { secret: 'helper', may: ['register', 'send'] as const };
  const access = byPlace ? { local: may, users: { helper } } : { local: [], users: { one: user, helper } };
  const stage = await brokerStage(
    t,
    { listen: ['tcp://127.0.0.1:0', place ?? ''], access },
    new Communicator({ transports }),
  );
  const address = stage.broker.addresses[1] ?? '';
  const identity = how.includes('certificate') ? clientIdentity : {};
  const raw = scheme === 'tls' ? await tlsRaw(t, address, identity) : await Raw.dial(address);
  t.teardown(() => raw.destroy());
  const worker = await workerOf(stage);
  return { stage, worker, raw, shown: how.includes('secret') ? 'secret_code=letmein' : '' };
}

/** Knows every command of the table. */
async function workerOf(stage: BrokerStage): Promise<Raw> {
  const worker = await stage.raw();
  worker.send(
    `REGISTER service=worker;version=1;password=helper\nCOMMANDS list=${known.join(',')}\nALIVE serial=ready\n`,
  );
  await until('the worker is ready', () => worker.rest.includes('serial=ready'));
  await worker.take(worker.rest.length);
  return worker;
}

const ways = [
  'tcp by place',
  'unix by place',
  'tls by place',
  'tcp by secret',
  'unix by secret',
  'tls by secret',
  'tls by certificate',
];

function isAllowed(needed: Needed, may: readonly Right[]): boolean {
  if (needed === 'nothing') return true;
  return needed === 'control, or send on this machine' ? may.includes('send') : may.includes(needed);
}

const withSecret = (line: string, shown: string): string =>
  shown === '' ? line : `${line}${line.includes('=') ? ';' : ' '}${shown}`;

for (const how of ways) {
  for (const may of everything) {
    t.test(`${how}: ${may.join(', ') || 'no right'}`, async t => {
      const { stage, worker, raw, shown } = await has(t, may, how);
      const wrong: string[] = [];
      for (const [at, [line, needed, answer]] of rows.entries()) {
        raw.send(`${withSecret(line, shown)}\nALIVE serial=mark${at}\n`);
        const said: string[] = [];
        for (let next = await raw.line(); !next.includes(`serial=mark${at}`); next = await raw.line()) said.push(next);
        const right = needed === 'control, or send on this machine' ? 'send' : needed;
        const refused = said.some(text => text.includes(`is not allowed: it needs the right to ${right}\n`));
        if (refused === isAllowed(needed, may)) wrong.push(`${line} → ${said.join('') || 'nothing'}`);
        if (refused) continue;
        const heard = answer === 'the worker hears it' ? await worker.line() : said.join('').trim();
        const pattern = answer === 'the worker hears it' ? new RegExp(`^${line.replace(/[.?*]/g, '\\$&')}\n$`) : answer;
        if (!pattern.test(heard)) wrong.push(`${line} ⇒ ${heard}`);
      }
      t.equal(worker.rest, '', 'the worker hears nothing else');
      t.same(wrong, []);
      raw.send(`REGISTER service=other;version=1${shown === '' ? '' : ';password=letmein'}\n`);
      const first = await raw.line();
      if (may.includes('register')) t.equal(first, '<benchsrv:communicatord HELP\n');
      else t.match(first, /it needs the right to register\n$/);
      t.equal(stage.broker.state, 'open');
    });
  }
}

t.test('datagrams have the same rights, and no answer', async t => {
  for (const may of everything) {
    const users = { helper: { secret: 'helper', may: ['register', 'send'] as const } };
    const stage = await brokerStage(t, {
      listen: ['tcp://127.0.0.1:0', 'udp://127.0.0.1:0'],
      access: { local: may, users },
    });
    const worker = await workerOf(stage);
    const { host, port } = parseAddress(stage.broker.addresses[1] ?? '');
    const socket = dgram.createSocket('udp4');
    t.teardown(() => socket.close());
    const answers: string[] = [];
    socket.on('message', bytes => answers.push(String(bytes)));
    const say = (line: string): Promise<unknown> => new Promise(resolve => socket.send(line, port, host, resolve));
    const wanted: string[] = [];
    for (const [line, needed, answer] of [...rows, ['REGISTER service=udp;version=1', 'register', nothing] as const]) {
      await say(`<benchsrv:communicatord ${line}`);
      if (answer === 'the worker hears it' && isAllowed(needed, may)) wanted.push(`${line}\n`);
    }
    await say('worker/JOB n=last;secret_code=helper');
    await until('the last one came', () => worker.rest.includes('JOB n=last'));
    t.equal(worker.rest, `${wanted.join('')}worker/JOB n=last\n`, may.join());
    t.same(answers, []);
    t.equal(stage.broker.state, 'open');
    t.same(
      stage.broker.status.services.map(({ name }) => name),
      ['worker'],
      'nobody registers by datagram',
    );
  }
});

t.test('STOP ends this broker and SHUTDOWN all, by every route, for who has the right to control', async t => {
  for (const line of [
    'STOP',
    'communicatord/STOP',
    'benchsrv:communicatord/SHUTDOWN',
    '.:communicatord/STOP',
    '*:communicatord/SHUTDOWN',
  ]) {
    const stage = await brokerStage(t, { access: { users: { admin: { secret: 'letmein', may: ['control'] } } } });
    const raw = await stage.raw();
    raw.send(`${line}\n`);
    t.match(await raw.line(), /it needs the right to control\n$/, line);
    raw.send(`${line} secret_code=letmein\n`);
    await until('it has stopped', () => stage.broker.state === 'closed');
  }
});
