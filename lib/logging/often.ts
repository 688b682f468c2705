// Lines that somebody outside can cause as often as he likes: one of each kind in a second, the next says how many were left out.
//
//   logger.log('warn', `no rule for ${command}`, { connection, [often]: 'no rule' })
//
// The mark stands in the fields, so that it passes through whoever adds fields of his own; it is for the logger of a communicator
// (steady-logger.ts). No other logger sees a field that is named by a symbol. What is left out is written at debug.

/** Names the kind of a line that may come often. */
export const often: unique symbol = Symbol('often');

export interface OftenFields {
  readonly [often]?: string;
}

/** In ms. */
const pause = 1_000;
/** Kinds that may have had a line in the last second: whoever makes up names has one more for all the others. */
const mostKinds = 100;

const others = '';

interface Kind {
  quietUntil: number;
  leftOut: number;
}

export class Often {
  readonly #kinds = new Map<string, Kind>();

  /** How many of that kind were left out since the last one that was written; undefined where this one is left out too. */
  next(name: string, now: number): number | undefined {
    const kind = this.#kindOf(name, now);
    if (now < kind.quietUntil) {
      kind.leftOut += 1;
      return undefined;
    }
    const { leftOut } = kind;
    kind.quietUntil = now + pause;
    kind.leftOut = 0;
    return leftOut;
  }

  #kindOf(name: string, now: number): Kind {
    const found = this.#kinds.get(name);
    if (found !== undefined) return found;
    if (this.#kinds.size >= mostKinds) this.#forgetQuiet(now);
    if (this.#kinds.size >= mostKinds && name !== others) return this.#kindOf(others, now);
    const made = { quietUntil: now, leftOut: 0 };
    this.#kinds.set(name, made);
    return made;
  }

  #forgetQuiet(now: number): void {
    for (const [name, { quietUntil }] of this.#kinds) if (quietUntil <= now) this.#kinds.delete(name);
  }
}
