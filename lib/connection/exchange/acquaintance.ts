// What a client knows of the other side: whether it knows sessions.

type Knowledge = 'perhaps' | 'yes' | 'no';

/** After so many links that end before an answer, the other side is taken not to know sessions: it might just be done. */
const mostUnanswered = 5;

export class Acquaintance {
  #knows: Knowledge = 'perhaps';
  #messages = 0;
  /** Links in a row that were lost after an offer and before its answer. */
  #unanswered = 0;

  /** It has said SESSION, on this link or on an earlier one. */
  get isKnown(): boolean {
    return this.#knows === 'yes';
  }

  /** Whether nothing but silence came on this link. */
  get isSilent(): boolean {
    return this.#messages === 0;
  }

  linkOpened(): void {
    this.#messages = 0;
  }

  /** Something else than SESSION came after the offer: the second one says that the other side passes it by. */
  spoke(): 'perhaps' | 'passes by' {
    this.#messages += 1;
    return this.#knows !== 'yes' && this.#messages > 1 ? 'passes by' : 'perhaps';
  }

  saidSession(): void {
    this.#knows = 'yes';
    this.#unanswered = 0;
  }

  /** It has shown that it knows no sessions. */
  get isStranger(): boolean {
    return this.#knows === 'no';
  }

  /** It refused, or had its time. */
  showsItself(): void {
    this.#knows = 'no';
  }

  /** The link was lost before the offer was answered: is what went out sent again, or done with? */
  lostUnanswered(): 'again' | 'done' {
    this.#unanswered += 1;
    if (this.#knows === 'yes') return 'again';
    return this.#knows === 'no' || this.#unanswered >= mostUnanswered ? 'done' : 'again';
  }
}
