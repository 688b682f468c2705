// Who may do what at a broker: by place, by secret, by certificate; names of users are nobody else's.

import t from 'tap';
import { Communicator, tls } from '../../../lib/index.ts';
import { Service } from '../../../lib/protocol/service/index.ts';
import { authority, clientIdentity, serverIdentity } from '../../support/certificate.ts';
import { until } from '../../support/world.ts';
import { brokerStage } from './broker-stage.ts';

const users = {
  admin: { secret: 'letmein', may: ['control', 'send'] as const },
  bank: { secret: 'money', may: ['register', 'send'] as const, services: ['vault'] },
};

t.test('STOP and SHUTDOWN for the broker or for all need the right to control', async t => {
  const stage = await brokerStage(t, { access: { users } });
  const worker = await stage.member('worker', 'STOP', 'SHUTDOWN');
  const raw = await stage.raw();
  const wrong = [
    'STOP',
    'SHUTDOWN',
    '*/STOP',
    './STOP',
    '?/QUIT',
    'communicatord/RESTART',
    'benchsrv:communicatord/STOP',
    'STOP secret_code=guess',
  ];
  for (const line of wrong) {
    raw.send(`${line}\n`);
    t.match(await raw.line(), /INVALID command=\w+;message=\w+ is not allowed: it needs the right to control\n$/, line);
  }
  raw.send('worker/STOP\n');
  t.equal(await worker.line(), 'worker/STOP\n', 'one service may be stopped by a program on its machine');
  raw.send('*/STOP secret_code=letmein\n');
  t.equal(await worker.line(), '*/STOP\n', 'the secret was for the broker, and goes no further');
  raw.send('worker/STOP secret_code=other\n');
  t.equal(await worker.line(), 'worker/STOP secret_code=other\n', 'secrets of services are passed on');
  t.equal(stage.broker.state, 'open');
  raw.send('STOP secret_code=letmein\n');
  await until('it has stopped', () => stage.broker.state === 'closed');
});

t.test("a name of a user is nobody else's, and a user with names has no others", async t => {
  const stage = await brokerStage(t, { access: { users } });
  const raw = await stage.raw();
  raw.send('REGISTER service=vault;version=1\n');
  t.match(await raw.line(), /^INVALID command=REGISTER;message=the name vault is another user's/);
  raw.send('REGISTER service=vault;version=1;password=guess\n');
  t.match(await raw.line(), /^INVALID command=REGISTER/);
  raw.send('REGISTER service=other;version=1;password=money\n');
  t.match(await raw.line(), /^INVALID command=REGISTER/);
  raw.send('REGISTER service=vault;version=1;password=money\n');
  t.equal(await raw.line(), '<benchsrv:communicatord HELP\n');
  const row = stage.broker.status.services.find(({ name }) => name === 'vault');
  t.match(row?.members, [{ user: 'bank' }]);
});

t.test('where this machine has no rights, only users do anything', async t => {
  const stage = await brokerStage(t, { access: { users, local: [] } });
  const raw = await stage.raw();
  raw.send('REGISTER service=worker;version=1\n');
  t.match(await raw.line(), /it needs the right to register/);
  raw.send('worker/JOB\n');
  t.match(await raw.line(), /it needs the right to send/);
  raw.send('HELP\n');
  t.match(await raw.line(), /^COMMANDS list=/, 'to learn that it lives is fine');
  await stage.service('vault', { secret: 'money' });
});

t.test('over TLS a certificate shows who it is, and who has none may nothing', async t => {
  const transports = { tls: tls({ ...serverIdentity, ca: authority, clients: 'asked' }) };
  const access = { users: { ops: { certificate: 'worker-7.example', may: ['register', 'send'] as const } }, local: [] };
  const stage = await brokerStage(t, { listen: ['tls://127.0.0.1:0'], access }, new Communicator({ transports }));
  const dial = (identity: object): Service => {
    const communicator = new Communicator({ transports: { tls: tls({ ca: authority, ...identity }) } });
    t.teardown(() => communicator.stop(50));
    const service = new Service('worker', { broker: stage.address, communicator, link: { pause: { list: [20] } } });
    void service.run();
    return service;
  };
  const stranger = dial({});
  await until('it was refused', () => stage.log.texts().some(text => text.includes('it needs the right to register')));
  t.not(stranger.state, 'started');
  await stranger.stop();
  const known = dial(clientIdentity);
  await until('it has started', () => known.state === 'started');
  t.equal(stage.broker.status.services[0]?.members[0]?.user, 'ops');
});

t.test('wrong rules are refused at once', async t => {
  const attempts = [
    { users: { x: { may: ['send'] as const } } },
    { users: { x: { secret: 's', may: ['everything'] as never } } },
    { local: ['register', 'fly'] as never },
    { bogus: 1 } as never,
  ];
  for (const access of attempts) {
    await t.rejects(brokerStage(t, { access }), { name: 'UsageError' }, JSON.stringify(access));
  }
});
