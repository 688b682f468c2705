import { closeSync, openSync } from 'node:fs';
import t from 'tap';
import { factsOf, takeSockets } from '../../../lib/transport/systemd/sockets.ts';

const passed = { LISTEN_FDS: '2', LISTEN_PID: '77', LISTEN_FDNAMES: 'web:rotate', LISTEN_PIDFDID: '5', PATH: '/bin' };

t.test('the sockets of this process are found by name, and the variables are gone', async t => {
  const environment: Record<string, string | undefined> = { ...passed };
  t.same(takeSockets(environment, 77), {
    sockets: [
      { fd: 3, name: 'web' },
      { fd: 4, name: 'rotate' },
    ],
    why: 'there is 3 ("web"), 4 ("rotate")',
  });
  t.same(environment, { PATH: '/bin' });
  t.match(takeSockets(environment, 77), { sockets: [], why: /LISTEN_FDS is not set/ });
});

t.test('sockets without a name are called unknown, as systemd does', async t => {
  const { LISTEN_FDNAMES: _, ...nameless } = passed;
  t.match(takeSockets({ ...nameless }, 77).sockets, [{ name: 'unknown' }, { name: 'unknown' }]);
  t.match(takeSockets({ ...passed, LISTEN_FDNAMES: 'web' }, 77).sockets, [{ name: 'web' }, { name: 'unknown' }]);
});

t.test('sockets of another process are not ours', async t => {
  t.same(takeSockets({ ...passed }, 78), {
    sockets: [],
    why: 'the sockets were passed to process 77; this is process 78',
  });
  const { LISTEN_PID: _, ...nobodys } = passed;
  const environment: Record<string, string | undefined> = { ...nobodys };
  t.match(takeSockets(environment, 77), { sockets: [], why: /to nobody, LISTEN_PID is not set; this is process 77$/ });
  t.same(environment, { PATH: '/bin' }, 'and the variables go all the same');
});

t.test('a count that is none is said', async t => {
  for (const count of ['0', '-1', 'x', '', '1.5', '999999']) {
    const { sockets, why } = takeSockets({ ...passed, LISTEN_FDS: count }, 77);
    t.same(sockets, []);
    t.equal(why, `LISTEN_FDS is "${count}", there is no socket`);
  }
});

t.test('a descriptor that is open and no socket, and one that is not open', async t => {
  const fd = openSync('/dev/null', 'r');
  t.equal(factsOf(fd).kind, 'no socket');
  closeSync(fd);
  t.equal(factsOf(fd).kind, 'not open');
});
