// Messages from one broker to another over a way that loses what it likes: each is taken once, in order, and told of.

import fc from 'fast-check';
import t from 'tap';
import { queueDefaults } from '../../../lib/base/queue.ts';
import { Intake } from '../../../lib/broker/nats/intake.ts';
import { Route } from '../../../lib/broker/nats/route.ts';
import type { Carriage, Return } from '../../../lib/broker/nats/wire.ts';
import { packed, readBeat, readCarriage, readReturn, unpacked } from '../../../lib/broker/nats/wire.ts';
import type { Message } from '../../../lib/index.ts';
import { PeerError } from '../../../lib/index.ts';

type Packet = NonNullable<ReturnType<Route['next']>>;

/** Two brokers and what is between them. */
class Way {
  readonly route = new Route('near', queueDefaults);
  readonly taken: number[] = [];
  readonly settled = new Map<number, string>();
  readonly #pending: { readonly n: number; settle(): void }[] = [];
  #intake = this.#newIntake();
  #added = 0;

  add(expires = Number.POSITIVE_INFINITY): void {
    const n = this.#added;
    this.#added += 1;
    const settle = (outcome: readonly unknown[] | Error): void => {
      if (this.settled.has(n)) throw new Error(`${n} was settled twice`);
      this.settled.set(n, outcome instanceof Error ? outcome.message : String(outcome[1] ?? 'handled'));
    };
    this.route.add({ line: `far/DO n=${n}`, bytes: 20_000, expires, settle });
  }

  get added(): number {
    return this.#added;
  }

  /** Sends all packets; `lost` says of each whether it gets lost, and of its answer. */
  send(lost: () => boolean): void {
    const packets: Packet[] = [];
    for (let packet = this.route.next(); packet !== undefined; packet = this.route.next()) packets.push(packet);
    for (const { head, lines } of packets) if (!lost()) this.#arrive(head, lines, lost);
  }

  ask(lost: () => boolean): void {
    const question = this.route.question();
    if (question !== undefined && !lost()) this.#arrive(question, [], lost);
  }

  /** Lets some of what is in hand be handled, the youngest first. */
  async handle(count: number): Promise<void> {
    for (const { settle } of this.#pending.splice(-count)) settle();
    await new Promise(resolve => setImmediate(resolve));
  }

  tell(lost: () => boolean): void {
    const news = this.#intake.news('near');
    if (news !== undefined && !lost()) this.#back(news);
  }

  /** The other broker is started anew: what it had in hand is gone. */
  restart(): void {
    this.#pending.splice(0);
    this.#intake = this.#newIntake();
  }

  async finish(): Promise<void> {
    const never = (): boolean => false;
    for (let round = 0; this.route.length > 0 && round < 1_000; round += 1) {
      this.send(never);
      this.ask(never);
      await this.handle(1_000);
      this.tell(never);
    }
  }

  #newIntake(): Intake {
    return new Intake({ take: message => this.#take(message), tell: () => undefined });
  }

  #take(message: Message): Promise<void> {
    const n = Number(message.get('n'));
    this.taken.push(n);
    return new Promise(resolve => this.#pending.push({ n, settle: resolve }));
  }

  #arrive(head: Omit<Carriage, 'from'>, lines: readonly string[], lost: () => boolean): void {
    const { head: read, lines: got } = unpacked(packed({ from: 'near', ...head }, lines));
    const answer = this.#intake.arrive(readCarriage(read) as Carriage, got);
    if (answer !== undefined && !lost()) this.#back(answer);
  }

  #back(answer: Return): void {
    this.route.returned(readReturn(unpacked(packed(answer)).head) as Return);
  }
}

type Step = 'add' | 'send' | 'ask' | 'handle' | 'tell' | 'restart';

async function walk(steps: readonly Step[], losses: readonly boolean[]): Promise<Way> {
  const way = new Way();
  let at = 0;
  const lost = (): boolean => losses[at++ % losses.length] ?? false;
  for (const step of steps) {
    if (step === 'handle') await way.handle(2);
    else if (step === 'add') for (let count = 0; count < 3; count += 1) way.add();
    else if (step === 'restart') way.restart();
    else way[step](lost);
  }
  await way.finish();
  return way;
}

const someLosses = fc.array(fc.boolean(), { minLength: 1, maxLength: 20 });
const count = (length: number): number[] => Array.from({ length }, (_, n) => n);

t.test('whatever is lost on the way, each message is taken once, in order, and settled once', async t => {
  const steps = fc.array(fc.constantFrom<Step>('add', 'send', 'ask', 'handle', 'tell'), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(steps, someLosses, async (steps, losses) => {
      const { taken, settled, added, route } = await walk(steps, losses);
      const right = JSON.stringify(taken) === JSON.stringify(count(added));
      return (
        right && settled.size === added && [...settled.values()].every(end => end === 'handled') && route.bytes === 0
      );
    }),
    { numRuns: 500 },
  );
  t.pass('500 ways');
});

t.test(
  'the other broker may be started anew at any time: what was settled was taken, in order of the first time',
  async t => {
    const steps = fc.array(fc.constantFrom<Step>('add', 'send', 'ask', 'handle', 'tell', 'restart'), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(steps, someLosses, async (steps, losses) => {
        const { taken, settled, added } = await walk(steps, losses);
        const first = [...new Set(taken)];
        return settled.size === added && JSON.stringify(first) === JSON.stringify(count(added));
      }),
      { numRuns: 500 },
    );
    t.pass('500 ways');
  },
);

t.test('what expired is never taken, and holds up nothing behind it', async t => {
  const way = new Way();
  way.add();
  way.add(100);
  way.add();
  way.send(() => true);
  way.add(100);
  way.route.expire(100);
  await way.finish();
  t.same(way.taken, [0, 2]);
  t.same(
    [...way.settled].sort(([a], [b]) => a - b),
    [
      [0, 'handled'],
      [1, 'not confirmed in time'],
      [2, 'handled'],
      [3, 'not sent in time'],
    ],
  );
  t.equal(way.route.bytes, 0);
});

t.test('each policy of a full route', async t => {
  const told: string[] = [];
  const item = (n: number) => ({ line: `DO n=${n}`, bytes: 10, expires: 1, settle: () => told.push(String(n)) });
  const oldest = new Route('a', { ...queueDefaults, count: 2, whenFull: 'drop-oldest' });
  for (const n of [1, 2, 3]) oldest.add(item(n));
  t.same([told.splice(0), oldest.next()?.lines], [['1'], ['DO n=2', 'DO n=3']]);
  t.throws(() => oldest.add(item(4)), { code: 'OUTBOX_FULL' }, 'what is under way is not dropped');
  const newest = new Route('a', { ...queueDefaults, bytes: 25, whenFull: 'drop-newest' });
  for (const n of [1, 2]) newest.add(item(n));
  t.throws(() => newest.add(item(3)), { code: 'DROPPED' });
  t.same([told, newest.length, newest.bytes], [[], 2, 20]);
});

t.test('the window is limited', async t => {
  const route = new Route('a', { ...queueDefaults, count: 10_000 });
  for (let n = 0; n < 3_000; n += 1) route.add({ line: 'DO', bytes: 2, expires: 1, settle: () => undefined });
  let sent = 0;
  for (let packet = route.next(); packet !== undefined; packet = route.next()) sent += packet.lines.length;
  t.equal(sent, 1_024);
});

t.test('nonsense from outside is passed over', async t => {
  for (const text of ['', '{', '[]', 'null', '1', '"x"']) t.same(unpacked(Buffer.from(text)).head, {}, text);
  const route = new Route('a', queueDefaults);
  route.add({ line: 'DO', bytes: 2, expires: 1, settle: () => undefined });
  route.next();
  route.returned({ stream: 'other', received: 99, gap: true, outcomes: [[1]] });
  t.equal(route.length, 1);
  route.returned({ stream: 'a.0', received: 1, gap: false, outcomes: [[7], [1]] });
  t.equal(route.length, 0);
  const reads = [readBeat, readCarriage, readReturn] as const;
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.constantFrom(...fields), fc.jsonValue()), async head => {
      for (const read of reads) read(head);
      return true;
    }),
  );
  for (const bad of [
    { stream: 'a', received: -2 },
    { stream: 'a', received: 1, gap: false, outcomes: [['x']] },
  ]) {
    t.equal(readReturn(bad), undefined);
  }
  t.equal(readCarriage({ from: 'a', stream: 'b', first: 0, done: 0 }), undefined);
  t.equal(
    readBeat({ server: 'a', life: 'b', serial: 1, services: [{ name: '', commands: [], instances: 1 }] }),
    undefined,
  );
});

const fields = [
  'server',
  'life',
  'serial',
  'services',
  'from',
  'stream',
  'first',
  'done',
  'received',
  'gap',
  'outcomes',
];

t.test('a line that is no message is refused, and those behind it are taken', async t => {
  const taken: string[] = [];
  const intake = new Intake({
    take: async message => {
      taken.push(message.command);
      if (message.command === 'NO') throw new PeerError('REFUSED', 'no');
    },
    tell: () => undefined,
  });
  intake.arrive({ from: 'near', stream: 's', first: 1, done: 0 }, ['= = =', 'NO', 'YES']);
  await new Promise(resolve => setImmediate(resolve));
  const news = intake.news('near');
  t.same(taken, ['NO', 'YES']);
  t.same(news?.outcomes.map(([number, code]) => [number, code]).sort(), [
    [1, 'INVALID_LINE'],
    [2, 'REFUSED'],
    [3, undefined],
  ]);
  t.equal(intake.news('near'), undefined);
});
