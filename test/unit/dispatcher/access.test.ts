import t from 'tap';
import { isLocal } from '../../../lib/base/address.ts';
import type { Allow, Visitor } from '../../../lib/dispatcher/index.ts';
import { allow } from '../../../lib/dispatcher/index.ts';
import { correspondent, decoded } from './correspondent.ts';

function ask(rule: Allow, line: string, visitor: Partial<Visitor> = {}): boolean | string {
  return rule(decoded(line), { remote: 'tcp://10.1.2.3:99', peer: correspondent(), ...visitor });
}

const here = { remote: 'tcp://127.0.0.1:99' };

t.test('this machine is loopback, Unix sockets and the process itself', async t => {
  const local = ['tcp://127.0.0.1:1', 'tls://127.9.9.9:1', 'tcp://[::1]:1', 'tcp://[::ffff:127.0.0.1]:1'];
  local.push('ws://127.0.0.1:80/x', 'udp://127.0.0.1:5', 'unix:/run/x#1', 'memory:x#dialler');
  for (const remote of local) t.equal(isLocal(remote), true, remote);
  const far = ['tcp://10.0.0.1:1', 'tcp://[::2]:1', 'tcp://128.0.0.1:1', 'tcp://gone:0', 'tcp://127.evil.org:1', ''];
  far.push('tcp://localhost.evil.org:1', 'ws://10.1.1.1:80/127.0.0.1', 'tcp://[::ffff:10.0.0.1]:1', 'what:ever');
  for (const remote of far) t.equal(isLocal(remote), false, remote);
});

t.test('by default QUIT, STOP, RESTART and LEAK are for this machine, the rest for all', async t => {
  for (const command of ['QUIT', 'STOP', 'RESTART', 'LEAK']) {
    t.equal(ask(allow.usual, command), 'only from this machine', command);
    t.equal(ask(allow.usual, command, here), true, command);
    t.equal(ask(allow.usual, command, { ...here, origin: 'http://evil' }), 'only from this machine', 'from a page');
  }
  for (const line of ['HI', 'QUITTING', 'LOG_ROTATE', 'STOPPED x=1']) t.equal(ask(allow.usual, line), true, line);
});

t.test('a rule for some commands is asked each time, also between others', async t => {
  let asked = 0;
  const rule = allow.when(['A', 'B'], () => {
    asked += 1;
    return false;
  });
  for (const line of ['C', 'C', 'A', 'C', 'A', 'B', 'LONGER_THAN_TWELVE', 'LONGER_THAN_TWELVE']) ask(rule, line);
  t.equal(asked, 3);
});

t.test('certificates, secrets and lists', async t => {
  const certificate = { subject: 'Ada', names: ['admin', 'other'] };
  t.equal(ask(allow.certificate('Ada'), 'X', { certificate }), true);
  t.equal(ask(allow.certificate('admin'), 'X', { certificate }), true);
  t.equal(ask(allow.certificate('adm', 'boss'), 'X', { certificate }), false);
  t.equal(ask(allow.certificate('admin'), 'X'), false);
  t.equal(ask(allow.secret('s3cret'), 'X secret_code=s3cret'), true);
  for (const line of ['X', 'X secret_code=', 'X secret_code=s3cre', 'X secret_code=s3cretX']) {
    t.equal(ask(allow.secret('s3cret'), line), false, line);
  }
  t.equal(ask(allow.commands('A', 'B'), 'B'), true);
  t.equal(ask(allow.commands('A', 'B'), 'C'), false);
});

t.test('rules are put together', async t => {
  const both = allow.all(allow.commands('A'), allow.local);
  t.equal(ask(both, 'A', here), true);
  t.equal(ask(both, 'B', here), false);
  t.equal(ask(both, 'A'), 'only from this machine');
  t.equal(ask(allow.all(), 'A'), true);
  const one = allow.either(allow.secret('x'), allow.local);
  t.equal(ask(one, 'A secret_code=x'), true);
  t.equal(ask(one, 'A', here), true);
  t.equal(ask(one, 'A'), 'only from this machine', 'the words of the last');
});

t.test('a rule that could allow nothing is refused', async t => {
  const invalid = { code: 'INVALID_VALUE' };
  t.throws(() => allow.commands(), invalid);
  t.throws(() => allow.either(), invalid);
  t.throws(() => allow.certificate(), invalid);
  t.throws(() => allow.when([], allow.local), invalid);
  t.throws(() => allow.secret(''), invalid);
  t.throws(() => allow.commands('lower'), { code: 'INVALID_NAME' });
});
