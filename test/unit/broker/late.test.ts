// Packets between brokers that come late, behind younger ones: nothing in them is taken a second time.

import t from 'tap';
import { queueDefaults } from '../../../lib/base/queue.ts';
import { Intake } from '../../../lib/broker/nats/intake.ts';
import { Route } from '../../../lib/broker/nats/route.ts';
import { mayBeRepeat } from '../../../lib/protocol/service/index.ts';
import { seededRandom } from '../../../lib/testkit/index.ts';

type Packet = NonNullable<ReturnType<Route['next']>>;

/** Two brokers, and packets that may be held up on their way. */
class Way {
  readonly taken: string[] = [];
  readonly route = new Route('near', queueDefaults);
  readonly late: Packet[] = [];
  settled = 0;
  #intake = this.#fresh();

  add(n: number): void {
    const settle = (): void => {
      this.settled += 1;
    };
    this.route.add({ line: `far/DO n=${n}`, bytes: 10, expires: Number.POSITIVE_INFINITY, settle });
  }

  packets(): Packet[] {
    const packets: Packet[] = [];
    for (let packet = this.route.next(); packet !== undefined; packet = this.route.next()) packets.push(packet);
    const question = this.route.question();
    return question === undefined ? packets : [...packets, { head: question, lines: [] }];
  }

  async arrive({ head, lines }: Packet): Promise<void> {
    const answer = this.#intake.arrive({ from: 'near', ...head }, lines);
    await new Promise(resolve => setImmediate(resolve));
    if (answer !== undefined) this.route.returned(answer);
    const news = this.#intake.news('near');
    if (news !== undefined) this.route.returned(news);
  }

  restart(): void {
    this.#intake = this.#fresh();
  }

  #fresh(): Intake {
    return new Intake({
      take: async message => {
        this.taken.push(`${message.get('n')}${mayBeRepeat(message) ? ' again' : ''}`);
      },
      tell: () => undefined,
    });
  }
}

t.test('a packet of a stream that was given up is passed over', async t => {
  const way = new Way();
  for (const n of [1, 2]) way.add(n);
  const [first] = way.packets() as [Packet];
  way.add(3);
  const [second] = way.packets() as [Packet];
  await way.arrive(second);
  for (const packet of way.packets()) await way.arrive(packet);
  t.same(way.taken, ['1 again', '2 again', '3 again']);
  await way.arrive(first);
  t.equal(way.taken.length, 3, 'what came in another stream by then is not taken again');
  for (const n of [4, 5]) way.add(n);
  for (const packet of way.packets()) await way.arrive(packet);
  t.same(way.taken.slice(3), ['4', '5'], 'and the present one goes on');
  t.equal(way.settled, 5);
});

t.test('with packets lost, late and twice: each message is taken once, in order, and settled', async t => {
  const wrong: string[] = [];
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = seededRandom(seed);
    const way = new Way();
    for (let n = 0; n < 40; n += 1) {
      way.add(n);
      if (random() < 0.5) continue;
      for (const packet of way.packets()) {
        const fate = random();
        if (fate < 0.6) await way.arrive(packet);
        if (fate > 0.5 && fate < 0.9) way.late.push(packet);
      }
      if (random() < 0.3)
        for (const packet of way.late.splice(Math.floor(random() * way.late.length), 1)) await way.arrive(packet);
    }
    for (let round = 0; way.route.length > 0 && round < 100; round += 1) {
      for (const packet of way.packets()) await way.arrive(packet);
    }
    for (const packet of way.late) await way.arrive(packet);
    const expected = Array.from({ length: 40 }, (_, n) => n);
    const right = JSON.stringify(way.taken.map(Number.parseFloat)) === JSON.stringify(expected);
    if (!right || way.settled !== 40) wrong.push(`seed ${seed}: ${way.taken.join(' ')}`);
  }
  t.same(wrong, []);
});
