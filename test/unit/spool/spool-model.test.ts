// A client on a spool, with its machine dying at arbitrary moments. The client gives numbers as a real one does: only
// to messages that are settled on the disk, in their order, in a session that is settled too. After each death:
// what was durable and had not ended is there, and each message that has a number gets the same one again.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { Spool } from '../../../lib/spool/index.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

type Step =
  | { readonly store: number }
  | { readonly withdraw: number }
  | { readonly confirm: number }
  | { readonly rounds: number }
  | { readonly room: number }
  /** How much of what is not synced survives. */
  | { readonly power: readonly number[] }
  | 'session'
  | 'kill';

const limits = { directory: '/spool', segment: 4096, bytes: 40_000 };

class Client {
  spool!: Spool;
  #disk = new MemoryDisk();
  #clock = new VirtualClock();
  #sessions = 0;
  #session = '';
  /** Each message that has not ended for the program. */
  #alive = new Map<number, string>();
  /** Of each session: id of the message with each number. */
  readonly #numbers = new Map<string, number[]>();
  #confirmed = 0;
  #settledWithdrawals = new Set<number>();
  #withdrawn = new Set<number>();
  #last = 0;

  async open(disk: MemoryDisk): Promise<void> {
    this.#disk = disk;
    this.#clock = new VirtualClock();
    this.spool = await Spool.open(limits, { disk, clock: this.#clock });
  }

  async run(step: Step): Promise<void> {
    if (step === 'session') this.#begin();
    else if (step === 'kill') await this.#dies(this.#disk.killed());
    else if ('power' in step) await this.#dies(this.#disk.powerLost(inTurn(step.power)));
    else if ('store' in step) this.#store(step.store);
    else if ('withdraw' in step) this.#withdraw(step.withdraw);
    else if ('confirm' in step) this.#confirm(step.confirm);
    else if ('room' in step) this.#disk.capacity = step.room;
    else await this.#rounds(step.rounds);
  }

  #store(length: number): void {
    const line = `${this.#last + 1} `.padEnd(length, 'x');
    try {
      const id = this.spool.store(line);
      assert.ok(id > this.#last, 'ids grow');
      this.#last = id;
      this.#alive.set(id, line);
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'SPOOL_FULL');
    }
  }

  /** Only a message without a number may be withdrawn. */
  #withdraw(pick: number): void {
    const numbered = new Set(this.#numbers.get(this.#session));
    const free = [...this.#alive.keys()].filter(id => !numbered.has(id));
    const id = free[pick % Math.max(1, free.length)];
    if (id === undefined) return;
    this.spool.withdrawn(id);
    this.#alive.delete(id);
    this.#withdrawn.add(id);
  }

  #begin(): void {
    this.#sessions += 1;
    this.#session = `session ${this.#sessions}`;
    this.#numbers.set(this.#session, []);
    this.#confirmed = 0;
    this.spool.session({ id: this.#session, secret: 'quiet', epoch: undefined });
  }

  #confirm(pick: number): void {
    const numbers = this.#numbers.get(this.#session) ?? [];
    if (this.#session === '' || numbers.length === 0) return;
    const count = pick % (numbers.length + 1);
    this.spool.confirmed(count);
    for (const id of numbers.slice(0, count)) this.#alive.delete(id);
    this.#confirmed = Math.max(this.#confirmed, count);
  }

  /** Time goes by; then what is settled gets its numbers. */
  async #rounds(count: number): Promise<void> {
    for (let round = 0; round < count; round += 1) await new Promise(resolve => setImmediate(resolve));
    if (count > 15) await this.#clock.advance(5000);
    if (!this.spool.settled) return;
    assert.equal(this.spool.durable, this.#last, 'settled is durable');
    this.#settledWithdrawals = new Set(this.#withdrawn);
    const numbers = this.#numbers.get(this.#session);
    const have = new Set(numbers);
    for (const id of this.#alive.keys()) if (!have.has(id)) numbers?.push(id);
  }

  async #dies(disk: MemoryDisk): Promise<void> {
    const { durable } = this.spool;
    await this.open(disk);
    const { session, confirmed, messages, damaged } = this.spool.recovered;
    assert.deepEqual(damaged, []);
    const found = new Map(messages.map(({ id, line }) => [id, line]));
    for (const [id, line] of this.#alive) if (id <= durable) assert.equal(found.get(id), line, `message ${id}`);
    for (const id of this.#settledWithdrawals) assert.ok(!found.has(id), `${id} was withdrawn`);
    const numbers = this.#numbers.get(session?.id ?? '') ?? [];
    const again = [...found.keys()].slice(0, Math.max(0, numbers.length - confirmed));
    assert.deepEqual(again, numbers.slice(confirmed), 'each number is where it was');
    if (session?.id === this.#session) assert.ok(confirmed <= this.#confirmed);
    this.#session = session?.id ?? '';
    this.#confirmed = confirmed;
    this.#alive = found;
    this.#last = Math.max(durable, ...found.keys(), this.spool.durable);
    // The id of a message that never was on the disk is given once more.
    this.#withdrawn = new Set([...this.#withdrawn].filter(id => !found.has(id) && id <= this.spool.durable));
    this.#settledWithdrawals = new Set(this.#withdrawn);
  }
}

const inTurn = (shares: readonly number[]): (() => number) => {
  let turn = 0;
  return () => shares[turn++ % shares.length] ?? 0;
};

const share = fc.double({ min: 0, max: 0.999, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ store: fc.integer({ min: 1, max: 700 }) }) },
  { weight: 4, arbitrary: fc.record({ withdraw: fc.nat(50) }) },
  { weight: 4, arbitrary: fc.record({ confirm: fc.nat(50) }) },
  { weight: 6, arbitrary: fc.record({ rounds: fc.integer({ min: 0, max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ room: fc.integer({ min: 60_000, max: 120_000 }) }) },
  { weight: 1, arbitrary: fc.record({ power: fc.array(share, { minLength: 1, maxLength: 8 }) }) },
  { weight: 2, arbitrary: fc.constantFrom<Step>('session', 'kill') },
);

t.test('whenever the machine dies, nothing durable is lost and no number moves', async t => {
  const holds = fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 150 }), async steps => {
    const client = new Client();
    await client.open(new MemoryDisk());
    for (const one of steps) await client.run(one);
    await client.run('kill');
  });
  await fc.assert(holds, { numRuns: 200 });
  t.pass();
});
