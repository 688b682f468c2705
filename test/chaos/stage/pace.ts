// Doing something so often in a second, as evenly as timers allow.

/** What was missed for longer than this, in ms, is not caught up: a process that slept does not owe a burst. */
const longestDebt = 200;
const beat = 4;

export class Pace {
  readonly #perMs: number;
  readonly #act: () => void;
  readonly #timer: NodeJS.Timeout;
  #last = performance.now();
  #owed = 0;

  constructor(perSecond: number, act: () => void) {
    this.#perMs = perSecond / 1_000;
    this.#act = act;
    this.#timer = setInterval(() => this.#beat(), Math.max(beat, 1_000 / perSecond));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const now = performance.now();
    this.#owed += Math.min(now - this.#last, longestDebt) * this.#perMs;
    this.#last = now;
    for (; this.#owed >= 1; this.#owed -= 1) this.#act();
  }
}

export const pause = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds));

/** Asks again and again, every 20 ms, until it is so; says whether it became so in time. */
export async function until(asked: () => boolean | Promise<boolean>, longest: number): Promise<boolean> {
  const end = performance.now() + longest;
  while (!(await asked())) {
    if (performance.now() >= end) return false;
    await pause(20);
  }
  return true;
}
