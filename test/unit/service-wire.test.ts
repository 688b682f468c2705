// What services say in parameters and addresses.

import t from 'tap';
import { encode } from '../../lib/index.ts';
import { messageTo, readBrokerAddress, readCache, Service, serviceTable } from '../../lib/protocol/service/index.ts';

t.test('the wish for the cache is read in every form, and nonsense is left aside', t => {
  const usual = { choice: 'keep', reply: false, ttl: 60_000 };
  const table: [string | undefined, object][] = [
    [undefined, usual],
    ['', usual],
    ['no', { ...usual, choice: 'refuse' }],
    ['no;reply', { ...usual, choice: 'refuse', reply: true }],
    ['reply;ttl=1h', { ...usual, reply: true, ttl: 3_600_000 }],
    ['ttl=10', { ...usual, ttl: 10_000 }],
    ['ttl=1d', { ...usual, ttl: 86_400_000 }],
    ['ttl=90 s', { ...usual, ttl: 90_000 }],
    ['ttl=1.5min', { ...usual, ttl: 90_000 }],
    ['ttl=9', usual],
    ['ttl=2d', usual],
    ['ttl=-5', usual],
    ['ttl=1 fortnight', usual],
    ['ttl=', usual],
    ['bogus; no ;;', { ...usual, choice: 'refuse' }],
  ];
  for (const [text, wish] of table) t.same(readCache(text), wish, String(text));
  t.end();
});

t.test('targets and addresses of brokers are read as people write them', t => {
  t.equal(encode(messageTo('worker/JOB', { n: 1 })), 'worker/JOB n=1');
  t.equal(encode(messageTo('host:worker/JOB')), 'host:worker/JOB');
  t.equal(encode(messageTo('*/JOB')), '*/JOB');
  t.equal(encode(messageTo('JOB')), 'JOB');
  for (const wrong of ['', 'worker/', 'a/b/JOB', 'worker/job', 'a b/JOB', 'x-y/JOB']) {
    t.throws(() => messageTo(wrong), { code: 'INVALID_NAME' }, wrong);
  }
  t.equal(readBrokerAddress('cd:///run/x.sock'), 'unix:/run/x.sock');
  t.equal(readBrokerAddress('cd://127.0.0.1:4040'), 'tcp://127.0.0.1:4040');
  t.equal(readBrokerAddress('cds://host:4043'), 'tls://host:4043');
  t.equal(readBrokerAddress('unix:/run/x.sock'), 'unix:/run/x.sock');
  t.end();
});

t.test('a service refuses wrong names and options, and cannot be used before it runs', async t => {
  for (const name of ['', 'a-b', 'communicatord', '1a'])
    t.throws(() => new Service(name), { code: 'INVALID_NAME' }, name);
  t.throws(() => new Service('a', { bogus: 1 } as never), { code: 'UNKNOWN_OPTION' });
  t.throws(() => new Service('a', { link: { name: 'x' } as never }), { code: 'UNKNOWN_OPTION' });
  t.throws(() => new Service('a', { share: 'best' as never }), { code: 'INVALID_VALUE' });
  const service = new Service('a', { log: { level: 'fatal' } });
  t.throws(() => service.send('b/X'), { code: 'ILLEGAL_STEP' });
  await t.rejects(service.deliver('b/X'), { code: 'ILLEGAL_STEP' });
  await service.stop();
  t.equal(service.state, 'ended');
  await t.rejects(service.run(), { code: 'ILLEGAL_STEP' });
  t.same(Object.keys(serviceTable), ['idle', 'seeking', 'registering', 'started', 'leaving', 'ended']);
});
