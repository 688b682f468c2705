// Limits and times of a broker: what waits for too long, what is too much, and the load of the machine.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Communicator, systemClock } from '../../../lib/index.ts';
import { until } from '../../support/world.ts';
import { brokerStage } from './broker-stage.ts';

/** The system's clock, which a test can put forward. */
function hurriedClock(): { readonly clock: typeof systemClock; hurry(ms: number): void } {
  let ahead = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + ahead, wall: () => systemClock.wall() + ahead };
  return {
    clock,
    hurry(ms) {
      ahead += ms;
    },
  };
}

t.test('what waits for too long is reported to its sender, and never delivered', async t => {
  const { clock, hurry } = hurriedClock();
  const directory = mkdtempSync(join(tmpdir(), 'broker-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  const stage = await brokerStage(t, { store: { directory }, services: ['printer'] }, new Communicator({ clock }));
  const sender = await stage.member('sender');
  sender.send(
    'printer/JOB n=1\nprinter/JOB n=2;cache="ttl=1h"\nprinter/JOB n=3;cache="ttl=10s";transmission_report=failure\n',
  );
  t.match(await sender.line(), /TRANSMISSION_REPORT command=JOB;status=cached\n$/);
  hurry(11_000);
  t.match(await sender.line(), /TRANSMISSION_REPORT command=JOB;status=failed\n$/, 'the one with 10 s');
  hurry(50_000);
  t.match(
    await sender.line(),
    /SERVICE_UNAVAILABLE destination_service=printer;unsent_command=JOB\n$/,
    'the one with the usual 60 s',
  );
  const printer = await stage.member('printer');
  t.equal(await printer.line(), '<benchsrv:sender printer/JOB cache=ttl=1h;n=2\n');
  await new Promise(resolve => setTimeout(resolve, 50));
  t.equal(printer.rest, '');
  t.equal(stage.broker.status.routes.failed, 2);
});

t.test('what is too late after a restart is reported too', async t => {
  const { clock, hurry } = hurriedClock();
  const directory = mkdtempSync(join(tmpdir(), 'broker-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  const first = await brokerStage(t, { store: { directory }, services: ['printer'] });
  const sender = await first.member('sender');
  sender.send('printer/JOB n=1\n');
  await until('it is kept', () => first.broker.status.routes.cached === 1);
  await first.broker.stop();
  await first.communicator.stop(50);
  hurry(61_000);
  const second = await brokerStage(t, { store: { directory } }, new Communicator({ clock }));
  t.match(second.broker.status.routes, { failed: 1 });
  t.ok(second.log.texts('warn').some(text => /JOB did not reach printer: it waited for too long/.test(text)));
  const printer = await second.member('printer');
  await new Promise(resolve => setTimeout(resolve, 50));
  t.equal(printer.rest, '');
});

t.test('more than the limits is refused to the sender, and nothing else is disturbed', async t => {
  const stage = await brokerStage(t, { services: ['absent'], limits: { count: 3 } });
  const boss = await stage.service('boss');
  const fates: string[] = [];
  for (let n = 0; n < 5; n += 1)
    boss.deliver('absent/JOB', { n }).catch((error: { code: string }) => fates.push(error.code));
  await until('two are refused', () => fates.length === 2);
  t.same(fates, ['REFUSED', 'REFUSED']);
  t.match(
    stage.broker.status.services.find(({ name }) => name === 'absent'),
    { waiting: 3, status: 'down' },
  );
  const small = await brokerStage(t, { services: ['absent'], limits: { bytes: 1_000 } });
  const sender = await small.member('sender');
  sender.send(`absent/JOB text=${'x'.repeat(2_000)}\n`);
  t.match(await sender.line(), /SERVICE_UNAVAILABLE destination_service=absent;unsent_command=JOB\n$/);
});

t.test('names that are gone are forgotten when there are too many', async t => {
  const stage = await brokerStage(t, { limits: { services: 5 } });
  for (let n = 0; n < 12; n += 1) {
    const raw = await stage.member(`service${n}`);
    raw.send('UNREGISTER\n');
    await raw.end();
  }
  t.equal(stage.broker.status.services.length, 5);
});

t.test('the load goes to those who asked, and not to others', async t => {
  const stage = await brokerStage(t);
  const one = await stage.member('one', 'LOADAVG');
  const other = await stage.member('other', 'LOADAVG');
  one.send('REGISTER_FOR_LOADAVG\n');
  t.match(
    await one.line(),
    /^<benchsrv:communicatord LOADAVG avg=\d+(\.\d+)?;my_address=127\.0\.0\.1:\d+;timestamp=\d{10}(\.\d+)?\n$/,
  );
  one.send('UNREGISTER_FROM_LOADAVG\nUNREGISTER_FROM_LOADAVG\nALIVE serial=1\n');
  t.match(await one.line(), /ABSOLUTELY/, 'a second time does no harm');
  t.equal(other.rest, '');
});

t.test('what no service should say harms nobody', async t => {
  const stage = await brokerStage(t);
  const raw = await stage.member('odd', 'NEWS');
  const table: [string, RegExp][] = [
    ['*/NEWS broadcast_msgid=x', /^<benchsrv:odd \*\/NEWS broadcast_msgid=x\n/],
    ['REGISTER service=odd;version=abc', /INVALID command=REGISTER;message=parameter version/],
    ['REGISTER service=odd;version=1;_share=bogus', /INVALID command=REGISTER;message=parameter _share/],
    ['COMMANDS', /INVALID command=COMMANDS;message=parameter list/],
    ['COMMANDS list=a,b c,,GOOD', /^$/],
    ['UNREGISTER service=other', /INVALID command=UNREGISTER;message=you are not other/],
    ['SERVICE_STATUS', /INVALID command=SERVICE_STATUS/],
    ['foo-bar', /UNKNOWN command=foo-bar/],
    ['<a-b:c ALIVE', /INVALID command=ALIVE;message=".*a-b.*is no sender server name/],
    ['ACCEPT server_name=x', /UNKNOWN command=ACCEPT/],
    ['CONNECT version=1', /UNKNOWN command=CONNECT/],
    ['server:*/NEWS', /INVALID command=NEWS;message=a broadcast is for no one server/],
    ['ALIVE serial=last', /ABSOLUTELY .*serial=last/],
  ];
  for (const [line, answer] of table) {
    raw.send(`${line}\n`);
    if (answer.source !== '^$') t.match(await raw.line(), answer, line);
  }
  t.equal(stage.broker.state, 'open');
});

t.test('a broker cannot be started twice, and says so where its address is taken', async t => {
  const stage = await brokerStage(t);
  await t.rejects(stage.broker.start(), { code: 'ILLEGAL_STEP' });
  await t.rejects(brokerStage(t, { listen: [stage.address] }), { code: 'LISTEN_FAILED' });
  await t.rejects(brokerStage(t, { bogus: 1 } as never), { code: 'UNKNOWN_OPTION' });
  await t.rejects(brokerStage(t, { server: 'a b' }), { code: 'INVALID_NAME' });
  await t.rejects(brokerStage(t, { limits: { window: 0 } }), { code: 'OUT_OF_RANGE' });
});
