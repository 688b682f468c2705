// Whether a process without a session still lives: it is asked, once for all who want to know.

import type { Clock } from '../../base/clock.ts';
import type { Place } from '../../message/index.ts';
import { Message } from '../../message/index.ts';
import type { Party } from './party.ts';

interface Probe {
  readonly lives: Promise<boolean>;
  settle(lives: boolean): void;
}

export class Probes {
  readonly #clock: Clock;
  readonly #from: Place;
  readonly #patience: number;
  readonly #asked = new Map<Party, Probe>();

  /** It may take `patience` ms to answer. */
  constructor(clock: Clock, from: Place, patience: number) {
    this.#clock = clock;
    this.#from = from;
    this.#patience = patience;
  }

  /** Resolves with whether it says anything at all within the time. */
  ask(party: Party): Promise<boolean> {
    const asked = this.#asked.get(party);
    if (asked !== undefined) return asked.lives;
    let settle: (lives: boolean) => void = () => undefined;
    const lives = new Promise<boolean>(resolve => {
      settle = resolve;
    });
    const over = (answer: boolean): void => {
      cancel();
      this.#asked.delete(party);
      settle(answer);
    };
    const cancel = this.#clock.after(this.#patience, () => over(false));
    this.#asked.set(party, { lives, settle: over });
    try {
      party.peer.send(Message.of('ALIVE', { serial: 'probe' }, { from: this.#from }));
    } catch {
      over(false);
    }
    return lives;
  }

  /** It said something, or has gone. */
  settle(party: Party, lives: boolean): void {
    if (this.#asked.size > 0) this.#asked.get(party)?.settle(lives);
  }
}
