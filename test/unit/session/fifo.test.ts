// The list with a moving head against a plain array, for arbitrary steps.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { Fifo } from '../../../lib/session/fifo.ts';

type Step =
  | { readonly kind: 'push' | 'shift'; readonly count: number }
  | { readonly kind: 'remove'; readonly divisor: number }
  | { readonly kind: 'put before'; readonly items: readonly number[] }
  | { readonly kind: 'take' };

const steps: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('push' as const), count: fc.integer({ min: 1, max: 80 }) }), weight: 4 },
  { arbitrary: fc.record({ kind: fc.constant('shift' as const), count: fc.integer({ min: 1, max: 80 }) }), weight: 4 },
  {
    arbitrary: fc.record({ kind: fc.constant('remove' as const), divisor: fc.integer({ min: 1, max: 9 }) }),
    weight: 1,
  },
  {
    arbitrary: fc.record({ kind: fc.constant('put before' as const), items: fc.array(fc.nat(), { maxLength: 5 }) }),
    weight: 1,
  },
  { arbitrary: fc.constant({ kind: 'take' as const }), weight: 1 },
);

function step(fifo: Fifo<number>, model: number[], one: Step, next: () => number): number[] {
  if (one.kind === 'push') {
    for (let count = 0; count < one.count; count += 1) {
      const item = next();
      fifo.push(item);
      model.push(item);
    }
  } else if (one.kind === 'shift') {
    for (let count = 0; count < one.count; count += 1) assert.equal(fifo.shift(), model.shift());
  } else if (one.kind === 'remove') {
    const matches = (item: number): boolean => item % one.divisor === 0;
    assert.equal(fifo.some(matches), model.some(matches));
    assert.deepEqual(fifo.remove(matches), model.filter(matches));
    return model.filter(item => !matches(item));
  } else if (one.kind === 'put before') {
    const other = new Fifo<number>();
    for (const item of one.items) other.push(item);
    fifo.putBefore(other);
    assert.equal(other.length, 0);
    return [...one.items, ...model];
  } else {
    assert.deepEqual(fifo.take(), model);
    return [];
  }
  return model;
}

t.test('it is a plain array, whatever is done to it', async t => {
  const property = fc.property(fc.array(steps, { maxLength: 60 }), list => {
    const fifo = new Fifo<number>();
    let model: number[] = [];
    let last = 0;
    for (const one of list) {
      model = step(fifo, model, one, () => ++last);
      assert.equal(fifo.length, model.length);
      assert.deepEqual([...fifo], model);
      assert.equal(fifo.at(0), model[0]);
      assert.equal(fifo.at(model.length - 1), model.at(-1));
      assert.equal(fifo.at(model.length), undefined);
    }
  });
  fc.assert(property, { numRuns: 500 });
  t.pass();
});

t.test('what was shifted is let go of at once, also before the list is made shorter', async t => {
  const fifo = new Fifo<{ readonly n: number }>();
  for (let n = 0; n < 20; n += 1) fifo.push({ n });
  t.equal(fifo.shift()?.n, 0);
  t.equal(fifo.at(-1), undefined);
});

t.test('an empty one gives nothing, however often it is asked', async t => {
  const fifo = new Fifo<number>();
  t.equal(fifo.shift(), undefined);
  t.equal(fifo.shift(), undefined);
  fifo.push(1);
  t.equal(fifo.length, 1);
  t.equal(fifo.shift(), 1);
  t.same(fifo.take(), []);
});

t.test('a hundred thousand go through as fast as their number', async t => {
  const fifo = new Fifo<number>();
  for (let n = 0; n < 100_000; n += 1) fifo.push(n);
  let sum = 0;
  for (let n = fifo.shift(); n !== undefined; n = fifo.shift()) sum += n;
  t.equal(sum, (100_000 * 99_999) / 2);
});
