import t from 'tap';
import type { ErrorCode, Reaction } from '../../../lib/base/errors.ts';
import {
  asError,
  CommunicatorError,
  errorCodes,
  LimitError,
  NetworkError,
  PeerError,
  reasonOf,
  TimeoutError,
  UsageError,
} from '../../../lib/base/errors.ts';

const classes = {
  usage: UsageError,
  peer: PeerError,
  network: NetworkError,
  limit: LimitError,
  timeout: TimeoutError,
} as const satisfies Record<Reaction, unknown>;

const entries = Object.entries(errorCodes) as [ErrorCode, readonly [Reaction, string]][];

/** Programs branch on these: a code never moves to another reaction. */
const reactions: Readonly<Record<Reaction, readonly ErrorCode[]>> = {
  usage: [
    'INVALID_ADDRESS',
    'INVALID_NAME',
    'INVALID_VALUE',
    'UNKNOWN_OPTION',
    'OUT_OF_RANGE',
    'DUPLICATE_RULE',
    'ILLEGAL_STEP',
    'ALREADY_RUNNING',
    'ALREADY_REGISTERED',
    'SPOOL_LOCKED',
  ],
  peer: ['INVALID_LINE', 'INVALID_MESSAGE', 'INVALID_PARAMETER', 'INVALID_CONTENT', 'LINE_TOO_LONG', 'REFUSED'],
  network: ['CLOSED', 'DIAL_FAILED', 'LISTEN_FAILED', 'SPOOL_FAILED'],
  limit: ['OUTBOX_FULL', 'DROPPED', 'EXPIRED', 'SLOW_PEER', 'DATAGRAM_TOO_LONG', 'SPOOL_FULL'],
  timeout: ['DIAL_TIMEOUT', 'REQUEST_TIMEOUT', 'DRAIN_TIMEOUT'],
};

t.test('each code keeps its reaction', async t => {
  for (const [reaction, codes] of Object.entries(reactions)) {
    for (const code of codes) t.equal(errorCodes[code][0], reaction, code);
  }
});

t.test('each code belongs to the class of its reaction', async t => {
  for (const [code, [reaction, meaning]] of entries) {
    const Class = classes[reaction] as unknown as new (code: ErrorCode, message: string, ...more: unknown[]) => Error;
    const cause = new Error('below');
    const options = reaction === 'peer' ? ['CMD', { cause }] : [{ cause }];
    const error = new Class(code, 'words', ...options);
    t.match(error, { name: Class.name, code, message: 'words', cause }, code);
    t.ok(error instanceof CommunicatorError && error instanceof Error, `${code} is an error of ours`);
    t.match(code, /^[A-Z][A-Z_]+[A-Z]$/);
    t.ok(meaning.length > 10, `${code} says what it means`);
  }
});

t.test('the types hold each code to its class', async t => {
  const wrong = [
    // @ts-expect-error a code of another reaction
    () => new UsageError('CLOSED', ''),
    // @ts-expect-error a code of another reaction
    () => new PeerError('INVALID_NAME', ''),
    // @ts-expect-error a code that does not exist
    () => new NetworkError('NO_SUCH_CODE', ''),
  ];
  t.equal(wrong.length, 3, 'as the compiler says');
});

t.test('no class stands for two reactions, and none is left without a code', async t => {
  t.same(new Set(entries.map(([, [reaction]]) => reaction)), new Set(Object.keys(classes)));
  t.equal(new Set(Object.values(classes)).size, 5);
});

t.test('the error about a peer names the command at fault', async t => {
  t.equal(new PeerError('INVALID_PARAMETER', 'bad', 'CMD').command, 'CMD');
  t.equal(new PeerError('INVALID_LINE', 'bad').command, undefined);
});

t.test('anything thrown has words, and becomes an error', async t => {
  const error = new TypeError('words');
  t.equal(reasonOf(error), 'words');
  t.equal(reasonOf('text'), 'text');
  t.equal(reasonOf(undefined), 'undefined');
  t.equal(asError(error), error);
  t.match(asError(42), { name: 'Error', message: '42' });
  t.match(asError(null), { message: 'null' });
});
