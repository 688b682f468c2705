// A timer on the monotonic clock. Ticks of `every` stand on a fixed grid; those missed while the process was
// busy are counted and become one. `at` is a date on the wall, which is looked at again and again, since it may be set.
//
//   idle ─start▶ armed ─due▶ armed (every) │ ─over▶ closed (after, at)      idle, armed ─stop▶ closed

import type { Cancel } from '../base/clock.ts';
import { reasonOf, UsageError } from '../base/errors.ts';
import { guarded } from '../base/guard.ts';
import { inRange, refuseUnknown } from '../base/options.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { ConnectionOptions, Owner, Unfinished } from './connection.ts';
import { Connection, nothingUnfinished } from './connection.ts';

export type TimerState = 'idle' | 'armed' | 'closed';
type TimerEvent = 'start' | 'due' | 'over' | 'stop';

export const timerTable: StateTable<TimerState, TimerEvent> = {
  idle: { start: 'armed', stop: 'closed' },
  armed: { due: 'armed', over: 'closed', stop: 'closed' },
  closed: {},
};

export interface TimerOptions extends ConnectionOptions {
  /** Once, so many ms from its start. */
  readonly after?: number | undefined;
  /** Again and again, each so many ms (at least 1). */
  readonly every?: number | undefined;
  /** Once, at this date, or so many ms since 1970; a date that has passed is due at once. */
  readonly at?: Date | number | undefined;
}

/** The wall is looked at each so many ms, at least. */
const longestLook = 60_000;

/** A Date reaches so many ms in both directions. */
const longestDate = 8.64e15;

/** What a tick is told: how many ticks were missed before this one. */
export type Tick = (missed: number) => unknown;

export class Timer extends Connection<{ close: [] }> {
  readonly #interval: number;
  readonly #repeat: 'once' | 'again';
  readonly #at: number | undefined;
  readonly #tick: Tick;
  readonly #machine = new StateMachine(timerTable, 'idle');
  #cancel: Cancel | undefined;
  #start = 0;
  #last = 0;
  #ticks = 0;
  #missed = 0;

  /** @throws UsageError INVALID_VALUE, UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(options: TimerOptions, tick: Tick) {
    super('timer', options);
    refuseUnknown('timer', { name: 0, priority: 0, after: 0, every: 0, at: 0 }, options);
    const { after, every, at } = options;
    if ([after, every, at].filter(time => time !== undefined).length !== 1) {
      throw new UsageError('INVALID_VALUE', 'a timer takes one of after, every and at');
    }
    this.#repeat = every === undefined ? 'once' : 'again';
    this.#interval = inRange('a timer', after ?? every ?? 0, every === undefined ? 0 : 1, Number.MAX_SAFE_INTEGER);
    this.#at = at === undefined ? undefined : inRange('a date', Number(at), -longestDate, longestDate);
    this.#tick = tick;
  }

  get state(): TimerState {
    return this.#machine.state;
  }

  get unfinished(): Unfinished {
    return nothingUnfinished;
  }

  stop(): void {
    if (this.#machine.attempt('stop')) this.#end();
  }

  destroy(): void {
    this.stop();
  }

  protected override begin(owner: Owner): void {
    this.#machine.step('start');
    this.#start = owner.clock.now();
    if (this.#at === undefined) this.#arm(1, owner);
    else this.#armAt(this.#at, owner);
  }

  protected override details(): object {
    return {
      every: this.#repeat === 'again' ? this.#interval : undefined,
      at: this.#at === undefined ? undefined : new Date(this.#at).toISOString(),
      ticks: this.#ticks,
      missed: this.#missed,
    };
  }

  /** Arms for the place `index` of the grid. */
  #arm(index: number, owner: Owner): void {
    const due = this.#start + index * this.#interval;
    this.#cancel = owner.clock.after(Math.max(0, due - owner.clock.now()), () => this.#due(index, owner));
  }

  #armAt(at: number, owner: Owner): void {
    const left = Math.max(0, at - owner.clock.wall());
    this.#cancel = owner.clock.after(Math.min(left, longestLook), () => {
      if (owner.clock.wall() < at) this.#armAt(at, owner);
      else this.#due(1, owner);
    });
  }

  #due(index: number, owner: Owner): void {
    this.#machine.step(this.#repeat === 'once' ? 'over' : 'due');
    const missed = index - this.#last - 1;
    this.#last = index;
    this.#missed += missed;
    if (this.enabled) this.#fire(missed);
    if (this.#repeat === 'once') return this.#end();
    if (this.state !== 'armed') return;
    const passed = Math.floor((owner.clock.now() - this.#start) / this.#interval);
    this.#arm(Math.max(passed, index) + 1, owner);
  }

  #fire(missed: number): void {
    const failed = (error: unknown): void => {
      this.log('error', `a tick failed: ${reasonOf(error)}`, { error });
    };
    this.#ticks += 1;
    guarded(() => this.#tick(missed), failed);
  }

  #end(): void {
    this.#cancel?.();
    this.over();
  }
}
