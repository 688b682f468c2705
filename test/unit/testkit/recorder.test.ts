import t from 'tap';
import { Recorder, seededRandom } from '../../../lib/testkit/index.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

t.test('lines are put together for each link and direction, in the order in which they became whole', async t => {
  const recorder = new Recorder();
  const [one, two] = [recorder.nextLink(), recorder.nextLink()];
  recorder.passed(1, one, 'to server', bytes('HEL'));
  recorder.passed(2, two, 'to server', bytes('TWO\nre'));
  recorder.passed(3, one, 'to client', bytes('BACK\n'));
  recorder.passed(4, one, 'to server', bytes('LO\n\nMO'));
  recorder.passed(5, one, 'to server', bytes('RE\n'));
  t.same(recorder.lines(), ['TWO', 'BACK', 'HELLO', '', 'MORE', 're']);
  t.same(recorder.lines('to server'), ['TWO', 'HELLO', '', 'MORE', 're']);
  t.same(recorder.lines('to client'), ['BACK']);
  t.equal(recorder.dropped, 0);
});

t.test('text is in the encoding that was asked for', async t => {
  const [utf8, latin1] = [new Recorder(), new Recorder({ encoding: 'latin1' })];
  for (const recorder of [utf8, latin1]) {
    const whole = Buffer.from('é\n');
    recorder.passed(0, 1, 'to server', whole.subarray(0, 1));
    recorder.passed(0, 1, 'to server', whole.subarray(1));
  }
  t.same(utf8.lines(), ['é']);
  t.same(latin1.lines(), ['Ã©']);
  t.equal(latin1.passages[0]?.text, 'Ã');
  t.same(latin1.passages[0]?.bytes, Buffer.from([0xc3]));
});

t.test('it writes what the recorded sessions of this project look like', async t => {
  const recorder = new Recorder();
  recorder.happened(439.3061, 1, 'open');
  recorder.passed(440.867, 1, 'to client', bytes('HI\n'));
  recorder.passed(441, 1, 'to server', bytes('D\xff"\n'));
  t.same(recorder.toJsonLines().split('\n'), [
    '{"t":439.306,"conn":1,"ev":"open"}',
    '{"t":440.867,"conn":1,"dir":"server->client","bytes":"HI\\n"}',
    '{"t":441,"conn":1,"dir":"client->server","bytes":"D\xff\\"\\n"}',
    '',
  ]);
  t.same(recorder.happenings, [{ at: 439.3061, link: 1, event: 'open' }]);
});

t.test('the oldest go when a limit is reached, and are counted', async t => {
  const few = new Recorder({ entries: 3 });
  const small = new Recorder({ bytes: 10 });
  for (let at = 0; at < 100; at += 1) {
    few.passed(at, 1, 'to server', bytes(`${at}\n`));
    small.passed(at, 1, 'to server', bytes(`${at}\n`));
  }
  t.same([few.lines(), few.dropped], [['97', '98', '99'], 97]);
  t.same([small.lines(), small.dropped], [['97', '98', '99'], 97]);
  small.passed(100, 1, 'to server', Buffer.alloc(11));
  t.same(small.passages, []);
  few.clear();
  t.same([few.toJsonLines(), few.dropped], ['', 0]);
});

t.test('what a program does to its bytes afterwards is not in the record', async t => {
  const recorder = new Recorder();
  const own = bytes('before');
  recorder.passed(0, 1, 'to server', own);
  own.fill('x');
  t.same(recorder.lines(), ['before']);
});

t.test('options that do not exist or make no sense are refused', async t => {
  t.throws(() => new Recorder({ limit: 1 } as object), { code: 'UNKNOWN_OPTION' });
  t.throws(() => new Recorder({ bytes: -1 }), { code: 'OUT_OF_RANGE' });
  t.throws(() => new Recorder({ entries: 0.5 }), { code: 'OUT_OF_RANGE' });
});

t.test('seeded chance is the same in each run, and even', async t => {
  const [a, b, c] = [seededRandom(), seededRandom(1), seededRandom(2)];
  const first = a();
  t.equal(first, 0.6270739405881613);
  t.equal(b(), first);
  t.not(c(), first);
  const all = Array.from({ length: 10_000 }, a);
  t.ok(all.every(one => one >= 0 && one < 1));
  const mean = all.reduce((sum, one) => sum + one, 0) / all.length;
  t.ok(Math.abs(mean - 0.5) < 0.02, `the mean is ${mean}`);
});
