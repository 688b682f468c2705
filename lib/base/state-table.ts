// A phase is a row of a table, an event a column. Whoever owns a table owns one machine and no booleans;
// an event that the table does not list for the present state is a bug, and throws.

import { UsageError } from './errors.ts';

export type StateTable<State extends string, Event extends string> = {
  readonly [state in State]: { readonly [event in Event]?: State };
};

/**
 * Where an event leads. For owners that are many, and keep their state in a field: a machine is an object.
 * @throws UsageError ILLEGAL_STEP
 */
export function stepped<State extends string, Event extends string>(
  table: StateTable<State, Event>,
  from: State,
  event: Event,
): State {
  const to = table[from][event];
  if (to === undefined) throw new UsageError('ILLEGAL_STEP', `"${event}" is not possible while ${from}`);
  return to;
}

export class StateMachine<State extends string, Event extends string> {
  readonly #table: StateTable<State, Event>;
  #state: State;

  constructor(table: StateTable<State, Event>, start: State) {
    this.#table = table;
    this.#state = start;
  }

  get state(): State {
    return this.#state;
  }

  can(event: Event): boolean {
    return this.#table[this.#state][event] !== undefined;
  }

  /** @throws UsageError ILLEGAL_STEP; the state does not move then. */
  step(event: Event): State {
    this.#state = stepped(this.#table, this.#state, event);
    return this.#state;
  }

  /** Steps if the table lists the event here; says whether it did. */
  attempt(event: Event): boolean {
    const to = this.#table[this.#state][event];
    if (to === undefined) return false;
    this.#state = to;
    return true;
  }
}
