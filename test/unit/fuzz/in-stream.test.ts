// The receiver's side of a session against sets of numbers: links come and go, handlers end in any order.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { InStream } from '../../../lib/session/index.ts';

type Step =
  | 'arrive'
  | 'acknowledge'
  | 'rewind'
  | 'fromTheStart'
  | { readonly take: number }
  | { readonly done: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Step>('arrive') },
  { weight: 6, arbitrary: fc.record({ take: fc.nat(30) }) },
  { weight: 5, arbitrary: fc.record({ done: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.constantFrom<Step>('acknowledge', 'rewind', 'fromTheStart') },
);

/** The largest number up to which all are there. */
function unbroken(numbers: ReadonlySet<number>): number {
  let last = 0;
  while (numbers.has(last + 1)) last += 1;
  return last;
}

class Pair {
  readonly stream = new InStream();
  readonly taken = new Set<number>();
  readonly handled = new Set<number>();
  #arrived = 0;
  #acknowledged = 0;
  /** Held back on the present link. */
  #held: number[] = [];
  /** With a handler. */
  #running: number[] = [];

  step(step: Step): void {
    if (step === 'arrive') this.#arrive();
    else if (step === 'acknowledge') {
      this.stream.acknowledged();
      this.#acknowledged = unbroken(this.handled);
    } else if (step === 'rewind') this.#newLink(this.stream.rewind(), unbroken(this.taken));
    else if (step === 'fromTheStart') this.#newLink(this.stream.fromTheStart(), 0);
    else if ('take' in step) this.#take(step.take);
    else this.#done(step.done);
  }

  compare(): void {
    const { received, handled, unacknowledged } = this.stream;
    const counted = unbroken(this.handled);
    assert.deepEqual([received, handled], [unbroken(this.taken), counted]);
    assert.equal(unacknowledged, counted - this.#acknowledged);
  }

  #arrive(): void {
    this.#arrived += 1;
    const number = this.stream.arrive();
    assert.equal(number, this.taken.has(this.#arrived) ? 0 : this.#arrived);
    if (number > 0) this.#held.push(number);
  }

  /** What was held back on the old link comes again. */
  #newLink(said: number, arrived: number): void {
    assert.equal(said, unbroken(this.taken));
    this.#arrived = arrived;
    this.#acknowledged = 0;
    this.#held = [];
  }

  #take(at: number): void {
    const [number] = this.#held.splice(at % Math.max(1, this.#held.length), 1);
    if (number === undefined) return;
    assert.ok(!this.taken.has(number), `${number} is taken up twice`);
    this.stream.take(number);
    this.taken.add(number);
    this.#running.push(number);
  }

  #done(at: number): void {
    const [number] = this.#running.splice(at % Math.max(1, this.#running.length), 1);
    if (number === undefined) return;
    this.stream.done(number);
    this.handled.add(number);
  }
}

t.test('each number is taken up once, and only unbroken rows are told, whatever order and links', async t => {
  const same = fc.property(fc.array(step, { maxLength: 80, size: 'max' }), steps => {
    const pair = new Pair();
    for (const step of steps) {
      pair.step(step);
      pair.compare();
    }
  });
  t.doesNotThrow(() => fc.assert(same, { numRuns: 4_000 }));
});
