// The names of messages that must run once, on the disk: they outlive the process. The log is that of lib/spool, one record for
// each name, the oldest go first.
//
//   handle first   run ─▶ "handled" ─on the disk▶ confirmed       killed before that: it comes again, marked, and runs again
//   note first     "begun" ─on the disk▶ run ─▶ "handled" ─on the disk▶ confirmed
//                                              killed between: it comes again, and is refused; its sender hears that
//
// Between the end of a handler and the note there is always a moment: only a handler that writes the name together with what it
// does, in one transaction of its own, has both.

import type { Clock } from '../../../base/clock.ts';
import { Refusal, UsageError } from '../../../base/errors.ts';
import type { Given } from '../../../base/options.ts';
import { refuseUnknown, wholeInRange } from '../../../base/options.ts';
import type { Logger } from '../../../logging/index.ts';
import { Fifo } from '../../../session/index.ts';
import type { SpoolSetup } from '../../../spool/index.ts';
import { Spool } from '../../../spool/index.ts';

/** Which way it errs where the process dies in between: `handle first` runs a message twice, `note first` refuses it. */
export type OnceOrder = 'handle first' | 'note first';

export interface OnceOptions {
  /** A folder of its own, made where it does not exist; of several processes with one name each needs another. */
  readonly directory: string;
  /** As many names are remembered. @default 100_000 */
  readonly count: number;
  /** @default 'handle first': a message that may run twice is marked, one that was refused is not done */
  readonly order: OnceOrder;
}

export type NotedPhase = 'begun' | 'handled';

const orders: readonly OnceOrder[] = ['handle first', 'note first'];

/** @throws UsageError INVALID_VALUE, OUT_OF_RANGE, UNKNOWN_OPTION */
export function checkedOnce(options: Given<OnceOptions>): OnceOptions {
  refuseUnknown('once', { directory: 0, count: 0, order: 0 }, options);
  const { directory = '', count = 100_000, order = 'handle first' } = options;
  if (directory === '') throw new UsageError('INVALID_VALUE', 'to remember names on the disk a service needs a folder');
  if (!orders.includes(order)) {
    throw new UsageError('INVALID_VALUE', `order is ${order}, it must be one of ${orders.join(', ')}`);
  }
  wholeInRange('once count', count, 1, 10_000_000);
  return { directory, count, order };
}

export class OnceNotes {
  /** What an earlier life had begun, or handled; the oldest first. */
  readonly recovered: ReadonlyMap<string, NotedPhase>;
  readonly count: number;
  readonly #order: OnceOrder;
  readonly #spool: Spool;
  readonly #logger: Logger;
  /** The number of each name's record. */
  readonly #ids = new Map<string, number>();
  readonly #awaited = new Fifo<{ readonly id: number; readonly safe: () => void }>();

  private constructor({ count, order }: OnceOptions, spool: Spool, logger: Logger) {
    this.count = count;
    this.#order = order;
    this.#spool = spool;
    this.#logger = logger;
    spool.onMoved = () => this.#moved();
    for (const damage of spool.recovered.damaged) {
      logger.log('error', 'the memory of names is damaged: some messages may run twice', { ...damage });
    }
    const recovered = new Map<string, NotedPhase>();
    for (const { id, line } of spool.recovered.messages) {
      const phase = line.startsWith('begun ') ? 'begun' : 'handled';
      const name = line.slice(phase.length + 1);
      this.forget(name);
      this.#ids.set(name, id);
      recovered.set(name, phase);
    }
    this.recovered = recovered;
  }

  /** @throws UsageError SPOOL_LOCKED, NetworkError SPOOL_FAILED, LimitError SPOOL_FULL */
  static async open(
    options: OnceOptions,
    clock: Clock,
    logger: Logger,
    setup: Partial<SpoolSetup> = {},
  ): Promise<OnceNotes> {
    return new OnceNotes(options, await Spool.open({ directory: options.directory }, { clock, ...setup }), logger);
  }

  /**
   * Runs a handler between its notes; settles as it does, when its name is on the disk.
   * @throws Refusal while the disk takes nothing: it was not run
   */
  async around(name: string, handle: () => unknown): Promise<unknown> {
    const { trouble } = this.#spool;
    if (trouble !== undefined) throw new Refusal(`its name cannot be noted: ${trouble.message}`);
    if (this.#order === 'note first') await this.#noted('begun', name);
    try {
      const result = await handle();
      await this.#ended(name);
      return result;
    } catch (error) {
      if (error instanceof Refusal) this.forget(name);
      else await this.#ended(name);
      throw error;
    }
  }

  /** This name is not remembered any more. */
  forget(name: string): void {
    const id = this.#ids.get(name);
    if (id === undefined) return;
    this.#ids.delete(name);
    try {
      this.#spool.withdrawn(id);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }

  async close(): Promise<void> {
    await this.#spool.close();
  }

  async #ended(name: string): Promise<void> {
    const begun = this.#ids.get(name);
    try {
      await this.#noted('handled', name);
      if (begun !== undefined) this.#spool.withdrawn(begun);
    } catch (error) {
      // It has run: to refuse it now would be a lie.
      this.#logger.log('error', 'a name was not noted: after a crash the message may run again', { name, error });
    }
  }

  /** Resolves when it is on the disk. @throws LimitError SPOOL_FULL, NetworkError SPOOL_FAILED */
  #noted(phase: NotedPhase, name: string): Promise<void> {
    const id = this.#spool.store(`${phase} ${name}`);
    this.#ids.set(name, id);
    return new Promise(resolve => this.#awaited.push({ id, safe: resolve }));
  }

  #moved(): void {
    const { durable } = this.#spool;
    while ((this.#awaited.at(0)?.id ?? Number.POSITIVE_INFINITY) <= durable) this.#awaited.shift()?.safe();
  }
}
