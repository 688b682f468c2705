// The sender's side of a session against its model, for arbitrary lives.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { LimitError, PeerError } from '../../../lib/base/errors.ts';
import { Message } from '../../../lib/message/index.ts';
import type { Outgoing, StreamLimits } from '../../../lib/session/index.ts';
import { OutStream } from '../../../lib/session/index.ts';
import type { Entry } from './out-stream-model.ts';
import { OutModel } from './out-stream-model.ts';

type Step =
  | { readonly push: number; readonly ttl: number }
  | { readonly wait: number }
  /** Around what is possible: 0 is the least, 1 the most, and a little beyond. */
  | { readonly confirm: number }
  | { readonly rewind: number }
  | { readonly withdraw: number }
  | { readonly restart: 'resend' | 'report' }
  | 'next'
  | 'markSent'
  | 'settleSent'
  | 'expire'
  | 'linkLost';

const limits: fc.Arbitrary<StreamLimits> = fc.record({
  count: fc.integer({ min: 0, max: 8 }),
  bytes: fc.integer({ min: 0, max: 80 }),
  whenFull: fc.constantFrom('reject', 'drop-oldest', 'drop-newest'),
});
const ttl = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(Number.POSITIVE_INFINITY));
const share = fc.double({ min: -0.2, max: 1.2, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ push: fc.integer({ min: 0, max: 25 }), ttl }) },
  { weight: 6, arbitrary: fc.constant<Step>('next') },
  { weight: 2, arbitrary: fc.record({ confirm: share }) },
  { weight: 1, arbitrary: fc.record({ rewind: share }) },
  { weight: 2, arbitrary: fc.record({ wait: fc.integer({ min: 0, max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ withdraw: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ restart: fc.constantFrom('resend', 'report') }) },
  { weight: 2, arbitrary: fc.constant<Step>('expire') },
  { weight: 3, arbitrary: fc.constantFrom<Step>('markSent', 'settleSent', 'linkLost') },
);
const left = fc.option(fc.record({ ended: fc.nat(5), entries: fc.array(fc.nat(15), { maxLength: 4 }) }));

/** Both, taking the same steps. */
class Pair {
  readonly model: OutModel;
  readonly stream: OutStream;
  readonly #fates: string[] = [];
  readonly #ids = new Map<Message<unknown>, number>();
  #last = 0;

  constructor(limits: StreamLimits) {
    this.model = new OutModel(limits);
    const clock = { now: () => this.model.now, wall: () => 0, after: () => () => undefined };
    this.stream = new OutStream(limits, clock, ({ message }, fate) => {
      this.#fates.push(`${this.#ids.get(message)} ${fate}`);
    });
  }

  recover(ended: number, sizes: readonly number[]): void {
    const made = sizes.map(bytes => this.#made(bytes, Number.POSITIVE_INFINITY));
    this.stream.recover(
      ended,
      made.map(([outgoing]) => outgoing),
    );
    this.model.recover(
      ended,
      made.map(([, entry]) => entry),
    );
  }

  take(step: Step): void {
    if (typeof step === 'string') return this.#plain(step);
    if ('push' in step) return this.#push(step.push, step.ttl);
    if ('wait' in step) this.model.now += step.wait;
    else if ('confirm' in step) this.#counted('confirm', step.confirm);
    else if ('rewind' in step) this.#counted('rewind', step.rewind);
    else if ('restart' in step) for (const one of [this.model, this.stream]) one.restart(step.restart);
    else {
      const taken = this.stream.withdraw(({ message }) => this.#ids.get(message) === step.withdraw);
      assert.equal(taken, this.model.withdraw(step.withdraw));
    }
  }

  /** Gives up: every entry has exactly one fate then. */
  end(): void {
    assert.equal(this.stream.abandon(), this.model.abandon());
    this.compare();
    const settled = this.#fates.map(fate => Number(fate.split(' ')[0]));
    assert.deepEqual(
      settled.toSorted((a, b) => a - b),
      [...this.#ids.values()].filter(id => id > 0),
    );
  }

  compare(): void {
    const { model, stream } = this;
    assert.deepEqual(this.#fates, model.fates);
    const { length, bytes, sent, outNow } = stream;
    const { length: l, bytes: b, sent: s, outNow: o } = model;
    assert.deepEqual({ length, bytes, sent, outNow }, { length: l, bytes: b, sent: s, outNow: o });
    assert.deepEqual([stream.unconfirmed, stream.unsent], [model.underWay.length, model.held - model.outNow]);
    assert.deepEqual(
      [...stream.held('waiting')].map(this.#idOf),
      model.waiting.map(({ id }) => id),
    );
    const nearest = model.earliest - model.now;
    if (nearest !== Number.POSITIVE_INFINITY) assert.ok((stream.nextExpiry ?? Number.NaN) <= Math.max(0, nearest));
  }

  readonly #idOf = ({ message }: Outgoing): number => this.#ids.get(message) ?? Number.NaN;

  #plain(step: Extract<Step, string>): void {
    if (step !== 'next') return void [this.model, this.stream].map(one => one[step]());
    const { first } = this.stream;
    const given = this.stream.next();
    assert.equal(given, first);
    assert.equal(given && this.#idOf(given), this.model.next()?.id);
  }

  #push(bytes: number, ttl: number): void {
    const [outgoing, entry] = this.#made(bytes, this.model.now + ttl);
    let taken: boolean;
    try {
      taken = this.stream.takes(bytes);
    } catch (error) {
      assert.ok(error instanceof LimitError && error.code === 'OUTBOX_FULL', `${error}`);
      taken = false;
    }
    assert.equal(taken, this.model.push(entry));
    if (taken) this.stream.push(outgoing);
    else this.#ids.delete(outgoing.message);
  }

  #counted(step: 'confirm' | 'rewind', share: number): void {
    const count = Math.round(share * (this.model.sent + 1));
    const possible = this.model[step](count);
    try {
      this.stream[step](count);
      assert.ok(possible, `${step} ${count}`);
    } catch (error) {
      assert.ok(error instanceof PeerError && error.code === 'INVALID_COUNT' && !possible, `${error}`);
    }
  }

  #made(bytes: number, expires: number): [Outgoing, Entry] {
    this.#last += 1;
    const message = Message.of('ITEM');
    this.#ids.set(message, this.#last);
    return [
      { message, line: '', bytes, expires, stored: 0 },
      { id: this.#last, bytes, expires },
    ];
  }
}

t.test('whatever happens, each entry has one fate, in its order, and counts and bytes are right', async t => {
  const same = fc.property(limits, left, fc.array(step, { maxLength: 60, size: 'max' }), (limits, left, steps) => {
    const pair = new Pair(limits);
    if (left !== null) pair.recover(left.ended, left.entries);
    pair.compare();
    for (const step of steps) {
      pair.take(step);
      pair.compare();
    }
    pair.end();
  });
  t.doesNotThrow(() => fc.assert(same, { numRuns: 4_000 }));
});
