// What waits for absent services, on the disk: it outlives the broker. Where there is no folder, nothing is kept there.
//
// The log is that of lib/spool: each message is taken out by its number, whenever it has ended.

import type { Clock } from '../../base/clock.ts';
import { reasonOf } from '../../base/errors.ts';
import type { Logger } from '../../logging/index.ts';
import type { Message } from '../../message/index.ts';
import { decode, encode } from '../../message/index.ts';
import type { SpoolOptions } from '../../spool/index.ts';
import { Spool } from '../../spool/index.ts';

/** A message from an earlier life of the broker. */
export interface Kept {
  readonly message: Message;
  readonly stored: number;
  /** Milliseconds that it may still wait; 0 or less: it is too late. */
  readonly left: number;
}

export class Store {
  readonly #spool: Spool | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #awaited: { readonly stored: number; readonly safe: () => void }[] = [];

  private constructor(spool: Spool | undefined, clock: Clock, logger: Logger) {
    this.#spool = spool;
    this.#clock = clock;
    this.#logger = logger;
    if (spool !== undefined) spool.onMoved = () => this.#moved();
  }

  /** @throws UsageError SPOOL_LOCKED, NetworkError SPOOL_FAILED, LimitError SPOOL_FULL */
  static async open(options: SpoolOptions | undefined, clock: Clock, logger: Logger): Promise<Store> {
    return new Store(options === undefined ? undefined : await Spool.open(options, { clock }), clock, logger);
  }

  get isThere(): boolean {
    return this.#spool !== undefined;
  }

  get trouble(): string | undefined {
    return this.#spool?.trouble?.message;
  }

  get bytes(): number {
    return this.#spool?.bytes ?? 0;
  }

  /** What an earlier life left, in its order. */
  recovered(): Kept[] {
    const { messages = [], damaged = [] } = this.#spool?.recovered ?? {};
    for (const damage of damaged) {
      this.#logger.log('error', 'the store is damaged: messages may be lost', { ...damage });
    }
    return messages.flatMap(({ id, line, expires }) => {
      const message = this.#read(line);
      if (message === undefined) {
        this.end(id);
        return [];
      }
      return [{ message, stored: id, left: (expires ?? Number.POSITIVE_INFINITY) - this.#clock.wall() }];
    });
  }

  /** What cannot be read, whoever wrote it, keeps no broker from starting. */
  #read(line: string): Message | undefined {
    try {
      return decode(line);
    } catch (error) {
      this.#logger.log('error', `a kept message cannot be read: ${reasonOf(error)}`);
      return undefined;
    }
  }

  /**
   * Takes a message, and gives its number; `safe` is called when it is on the disk.
   * @throws LimitError SPOOL_FULL, NetworkError SPOOL_FAILED
   */
  keep(message: Message, ttl: number, safe: () => void): number {
    if (this.#spool === undefined) return 0;
    const stored = this.#spool.store(encode(message), this.#clock.wall() + ttl);
    this.#awaited.push({ stored, safe });
    return stored;
  }

  /** It has ended. */
  end(stored: number): void {
    if (stored === 0) return;
    try {
      this.#spool?.withdrawn(stored);
    } catch (error) {
      this.#logger.log('warn', `a kept message may come again: ${reasonOf(error)}`);
    }
  }

  async close(): Promise<void> {
    await this.#spool?.close();
  }

  #moved(): void {
    const durable = this.#spool?.durable ?? 0;
    const ready = this.#awaited.filter(({ stored }) => stored <= durable);
    this.#awaited = this.#awaited.filter(({ stored }) => stored > durable);
    for (const { safe } of ready) safe();
  }
}
