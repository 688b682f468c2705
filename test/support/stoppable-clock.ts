// A clock of a process that can be stopped.

import { VirtualClock } from '../../lib/testkit/index.ts';

/** Time that goes on while this process is stopped: its timers come late then. */
export class StoppableClock extends VirtualClock {
  #stopped = 0;

  stopFor(ms: number): void {
    this.#stopped += ms;
  }

  override now(): number {
    return super.now() + this.#stopped;
  }
}
