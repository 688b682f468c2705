import t from 'tap';
import type { Tracing } from '../../../lib/dispatcher/index.ts';
import { Dispatcher } from '../../../lib/dispatcher/index.ts';
import { Message } from '../../../lib/message/index.ts';
import { correspondent, decoded } from './correspondent.ts';

/** The trace of a message that came in and one that went out. */
function traced(trace: Tracing | undefined, received: string, sent: Message = Message.of('BYE')): string[] {
  const dispatcher = new Dispatcher({ trace }).otherwise(() => undefined);
  const peer = correspondent();
  dispatcher.dispatch(decoded(received), peer);
  dispatcher.traceSent(sent, peer);
  return peer.logger.texts('trace');
}

t.test('nothing is traced unless asked', async t => {
  t.same([traced(undefined, 'HI'), traced(false, 'HI')], [[], []]);
});

t.test('traces what comes in, and what goes out too where asked', async t => {
  t.same(traced(true, '<a:b HI x="1;2"'), ['received <a:b HI x="1;2"']);
  t.same(traced('received', 'HI'), ['received HI']);
  t.same(traced('both', 'HI'), ['received HI', 'sent BYE']);
});

t.test('names the connection, and asks the logger first', async t => {
  const peer = correspondent('door 7');
  const dispatcher = new Dispatcher({ trace: 'both' }).otherwise(() => undefined);
  dispatcher.dispatch(decoded('HI'), peer);
  t.same(peer.logger.lines[0]?.fields, { connection: 'door 7' });
  peer.logger.isLevelEnabled = () => false;
  dispatcher.dispatch(decoded('HI'), peer);
  dispatcher.traceSent(Message.of('BYE'), peer);
  t.equal(peer.logger.lines.length, 1);
});

t.test('never shows a secret, given once or twice', async t => {
  t.same(traced('both', 'QUIT secret_code=s3cret;x=1', Message.of('STOP', { secret_code: 's3cret' })), [
    'received QUIT secret_code=***;x=1',
    'sent STOP secret_code=***',
  ]);
  t.same(traced(true, 'QUIT secret_code=s3cret;secret_code=t0p'), ['received QUIT secret_code=***']);
  t.same(traced(true, 'REGISTER password=s3cret;service=a;version=1'), [
    'received REGISTER password=***;service=a;version=1',
  ]);
  const many = Array.from({ length: 20 }, (_, index) => `p${index}=1`).join(';');
  t.notMatch(traced(true, `QUIT ${many};secret_code=s3cret`)[0], /s3cret/);
});

t.test('the handler still gets the secret', async t => {
  let secret: string | undefined;
  const dispatcher = new Dispatcher({ trace: true }).on('QUIT', message => {
    secret = message.get('secret_code');
  });
  dispatcher.dispatch(decoded('QUIT secret_code=s3cret'), correspondent());
  t.equal(secret, 's3cret');
});

t.test('cuts long lines, and says how long they were', async t => {
  const [line = ''] = traced(true, `HI v=${'x'.repeat(5000)}`);
  t.match(line, /^received HI v=x+… \(5005 characters\)$/);
  t.ok(line.length < 1100);
});

t.test('a message without a command can be traced', async t => {
  t.same(traced(true, '{"command":""}'), ['received (no command)']);
});

t.test('a message never makes two lines of the log', async t => {
  for (const line of traced(true, 'HI v=a\\nb\\rc')) t.notMatch(line, /[\n\r]/);
});
