// The queue against a list that does the same in the plainest way, for arbitrary pushes, shifts and waits.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { LimitError } from '../../../lib/base/errors.ts';
import type { QueueLimits } from '../../../lib/base/queue.ts';
import { BoundedQueue } from '../../../lib/base/queue.ts';

type Step = { readonly push: number } | { readonly wait: number } | 'shift' | 'expire';

interface Waiting {
  readonly id: number;
  readonly bytes: number;
  readonly since: number;
}

/** What became of each item, in order: `7 taken`, `8 EXPIRED`. */
type Fates = string[];

class Model {
  readonly fates: Fates = [];
  readonly #limits: QueueLimits;
  waiting: readonly Waiting[] = [];

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  expire(now: number): void {
    const old = ({ since }: Waiting): boolean => now - since >= this.#limits.age;
    for (const { id } of this.waiting.filter(old)) this.fates.push(`${id} EXPIRED`);
    this.waiting = this.waiting.filter(one => !old(one));
  }

  push(one: Waiting): void {
    const { count, bytes, whenFull } = this.#limits;
    this.expire(one.since);
    const fits = (): boolean => this.waiting.length < count && this.bytes + one.bytes <= bytes;
    if (one.bytes > bytes || count === 0) return void this.fates.push(`${one.id} OUTBOX_FULL`);
    if (!fits() && whenFull === 'reject') return void this.fates.push(`${one.id} OUTBOX_FULL`);
    if (!fits() && whenFull === 'drop-newest') return void this.fates.push(`${one.id} DROPPED`);
    while (!fits()) this.#leave('DROPPED');
    this.waiting = [...this.waiting, one];
  }

  shift(): void {
    if (this.waiting.length > 0) this.#leave('taken');
  }

  #leave(fate: string): void {
    this.fates.push(`${this.waiting[0]?.id} ${fate}`);
    this.waiting = this.waiting.slice(1);
  }
}

const limits: fc.Arbitrary<QueueLimits> = fc.record({
  count: fc.integer({ min: 0, max: 6 }),
  bytes: fc.integer({ min: 0, max: 40 }),
  age: fc.integer({ min: 1, max: 50 }),
  whenFull: fc.constantFrom('reject', 'drop-oldest', 'drop-newest'),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ push: fc.integer({ min: 0, max: 45 }) }) },
  { weight: 2, arbitrary: fc.constant<Step>('shift') },
  { weight: 1, arbitrary: fc.record({ wait: fc.integer({ min: 0, max: 40 }) }) },
  { weight: 1, arbitrary: fc.constant<Step>('expire') },
);

function compare(given: QueueLimits, steps: readonly Step[]): void {
  let now = 0;
  let id = 0;
  const clock = { now: () => now, wall: () => now, after: () => () => undefined };
  const fates: Fates = [];
  const model = new Model(given);
  const queue = new BoundedQueue<number>(given, clock, (item, { code }) => fates.push(`${item} ${code}`));
  for (const one of steps) {
    if (one === 'expire') {
      queue.expire();
      model.expire(now);
    } else if (one === 'shift') {
      const item = queue.shift();
      if (item !== undefined) fates.push(`${item} taken`);
      model.shift();
    } else if ('wait' in one) now += one.wait;
    else {
      id += 1;
      try {
        queue.push(id, one.push);
      } catch (error) {
        fates.push(`${id} ${(error as LimitError).code}`);
      }
      model.push({ id, bytes: one.push, since: now });
    }
    assert.deepEqual(fates, model.fates);
    assert.deepEqual([queue.length, queue.bytes], [model.waiting.length, model.bytes]);
    assert.ok(queue.length <= given.count && queue.bytes <= given.bytes, 'never over its limits');
  }
  while (queue.length > 0) fates.push(`${queue.shift()} taken`);
  checkFates(fates, id);
}

/** Each item ends exactly once, and those that were taken were taken in their order. */
function checkFates(fates: Fates, count: number): void {
  const ended = fates.map(fate => Number(fate.split(' ')[0]));
  assert.deepEqual(
    ended.toSorted((a, b) => a - b),
    Array.from({ length: count }, (_, index) => index + 1),
  );
  const taken = fates.filter(fate => fate.endsWith('taken')).map(fate => Number(fate.split(' ')[0]));
  assert.deepEqual(
    taken,
    taken.toSorted((a, b) => a - b),
  );
}

t.test('never over its limits, first in first out, and every item ends exactly once', async t => {
  const same = fc.property(limits, fc.array(step, { maxLength: 80 }), compare);
  t.doesNotThrow(() => fc.assert(same, { numRuns: 1500 }));
});
