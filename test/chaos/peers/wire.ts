// What the rows ask of a way to send messages: ours, and those of the peers.

/** The message was not taken: there is no room; whoever sent it still has it. */
export class Refused extends Error {}

/** Where it is handled; a promise holds what comes after it, where the wire can do that. */
export type Took = (link: number, number: number) => void | Promise<void>;

export interface ReceiveOptions {
  /** 0: the system gives one. */
  readonly port: number;
  readonly took: Took;
  /** For ours: silence before the other side counts as dead, in ms. */
  readonly dead?: number | undefined;
}

export interface ConnectOptions {
  readonly port: number;
  /** Goes with each message, so that the other side knows whose number it is. */
  readonly link: number;
  readonly up: () => void;
  readonly down: (reason: string) => void;
  /** For ours: silence before the other side counts as dead, in ms. */
  readonly dead?: number | undefined;
  /** For ours: what becomes of the unconfirmed when the other side has forgotten the session. */
  readonly onSessionLost?: 'resend' | 'report' | undefined;
}

export interface Line {
  /** A promise that rejects with Refused says so later. @throws Refused */
  send(number: number, padding: string): void | Promise<void>;
  /** Resolves when the other side has confirmed it; rejects with an error that has a `code`. @throws Refused */
  deliver?(number: number, padding: string): Promise<void>;
  /** An answer to a question, one way and back. */
  ask?(): Promise<void>;
  /** Messages that ended otherwise than by arriving, as far as the wire says so. */
  readonly reported: number;
  /** Messages that the wire still has. */
  readonly waiting: number | undefined;
}

export interface Wire {
  /** Packages that have to be installed. */
  readonly packages: readonly string[];
  /** A program between the two, and its words for that port. */
  readonly broker?: { readonly command: string; readonly install: string; words(port: number): string[] };
  /** Takes messages; gives the port. */
  receive(options: ReceiveOptions): Promise<number>;
  /** Resolves when it is connected. */
  connect(options: ConnectOptions): Promise<Line>;
}

/** Of a text that begins with two numbers. */
export function took(text: string, to: Took): void | Promise<void> {
  const [link, number] = text.split(' ', 2);
  return to(Number(link), Number(number));
}
