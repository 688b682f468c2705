// A client's outbox on disk: each message is stored before it is sent, so that a crash loses none and repeats none.
//
//   opening ─opened▶ open ─close▶ closed        what is sent while it opens is stored behind what the last life left
//      └─close───────────────────────▲
//
// A message may go out when it is on the disk, and with it everything on which its number depends.

import type { Clock } from '../../base/clock.ts';
import { LimitError, UsageError } from '../../base/errors.ts';
import type { StateTable } from '../../base/state-table.ts';
import { StateMachine } from '../../base/state-table.ts';
import { decode } from '../../message/index.ts';
import type { Fate, Outgoing, OutStream, SessionKey } from '../../session/index.ts';
import { Fifo } from '../../session/index.ts';
import type { Recovered, SpoolOptions, StoredMessage } from '../../spool/index.ts';
import { Spool } from '../../spool/index.ts';

type SpoolingState = 'opening' | 'open' | 'closed';
type SpoolingStep = 'opened' | 'close';

export const spoolingTable: StateTable<SpoolingState, SpoolingStep> = {
  opening: { opened: 'open', close: 'closed' },
  open: { close: 'closed' },
  closed: {},
};

/** Fates of messages that had a number; the others leave a gap that must be known after a crash. */
const numbered: ReadonlySet<Fate> = new Set(['confirmed', 'refused', 'sent', 'lost']);

export class Spooling {
  readonly #options: SpoolOptions;
  readonly #clock: Clock;
  readonly #machine = new StateMachine(spoolingTable, 'opening');
  readonly #awaited = new Fifo<Outgoing>();
  #spool: Spool | undefined;
  #ended = 0;

  constructor(options: SpoolOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Whether what is abandoned now is kept for the next life. */
  get keeps(): boolean {
    return this.#machine.state === 'open';
  }

  /** Present trouble with the disk; undefined while all is well. */
  get trouble(): Error | undefined {
    return this.#spool?.trouble;
  }

  /**
   * Reads what the last life left into the stream. `moved` is called when something has reached the disk.
   * @throws UsageError SPOOL_LOCKED, NetworkError SPOOL_FAILED, LimitError SPOOL_FULL
   */
  async open(out: OutStream, moved: () => void): Promise<Recovered> {
    const spool = await Spool.open(this.#options);
    if (!this.#machine.attempt('opened')) {
      await spool.close();
      throw new UsageError('ILLEGAL_STEP', 'stopped while the spool was opened');
    }
    this.#spool = spool;
    spool.onMoved = () => {
      this.#tellStored();
      moved();
    };
    const { recovered } = spool;
    this.#ended = recovered.confirmed;
    out.recover(
      recovered.confirmed,
      recovered.messages.flatMap(stored => this.#outgoing(stored) ?? []),
    );
    for (const outgoing of [...out.held('waiting')]) this.#catchUp(outgoing, out);
    return recovered;
  }

  /** What is sent while it opens is stored then. @throws LimitError SPOOL_FULL, NetworkError SPOOL_FAILED */
  store(outgoing: Outgoing): void {
    const lasts = outgoing.expires - this.#clock.now();
    outgoing.stored = this.#spool?.store(outgoing.line, this.#clock.wall() + lasts) ?? 0;
    if (outgoing.teller?.onStored !== undefined && outgoing.stored > 0) this.#awaited.push(outgoing);
  }

  mayGo({ stored }: Outgoing): boolean {
    return this.#spool !== undefined && stored > 0 && stored <= this.#spool.durable && this.#spool.certain;
  }

  /** A message has its fate. What was abandoned is kept for the next life. */
  settled({ stored }: Outgoing, fate: Fate): void {
    if (this.#machine.state !== 'open' || stored === 0 || fate === 'abandoned') return;
    if (!numbered.has(fate)) return this.#spool?.withdrawn(stored);
    this.#ended += 1;
    this.#spool?.confirmed(this.#ended);
  }

  /** The session that messages are numbered in from now on, or what was learned about it. */
  session({ id, secret }: SessionKey, epoch: string | undefined, begins: 'anew' | 'goes on'): void {
    if (begins === 'anew') this.#ended = 0;
    this.#spool?.session({ id, secret, epoch }, begins);
  }

  async close(): Promise<void> {
    if (this.#machine.attempt('close')) await this.#spool?.close();
  }

  #outgoing({ id, line, expires }: StoredMessage): Outgoing | undefined {
    const message = decode(line);
    if (message === undefined) return undefined;
    const left = expires === undefined ? Number.POSITIVE_INFINITY : expires - this.#clock.wall();
    const bytes = Buffer.byteLength(line) + 1;
    return { message, line, bytes, expires: this.#clock.now() + left, stored: id };
  }

  /** Stores what was sent while the spool opened. */
  #catchUp(outgoing: Outgoing, out: OutStream): void {
    try {
      this.store(outgoing);
    } catch (error) {
      out.withdraw(one => one === outgoing, 'dropped', error instanceof LimitError ? error : undefined);
    }
  }

  #tellStored(): void {
    const durable = this.#spool?.durable ?? 0;
    for (let first = this.#awaited.at(0); first !== undefined; first = this.#awaited.at(0)) {
      if (first.stored > durable) return;
      this.#awaited.shift();
      first.teller?.onStored?.();
    }
  }
}
