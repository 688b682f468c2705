// What a connection to NATS writes into the log: each trouble once while it lasts, losses once per second at most.

import { reasonOf } from '../../base/errors.ts';
import type { Logger } from '../../logging/index.ts';
import { silentLogger } from '../../logging/index.ts';

/** Losses are counted for so many ms before they are logged again. */
const quiet = 1_000;

export class NatsLog {
  logger: Logger = silentLogger;
  readonly #connection: string;
  #lastWords = '';
  #quietUntil = 0;
  #unlogged = 0;

  constructor(connection: string) {
    this.#connection = connection;
  }

  connected(remote: string): void {
    this.#lastWords = '';
    this.#write('info', `connected to ${remote}`);
  }

  moving(remote: string): void {
    this.#write('warn', `${remote} is about to end: going elsewhere`);
  }

  /** A login that is refused is for somebody to mend; the rest may mend itself. What was said last is not said again. */
  failure(what: string, error: Error, fields: object = {}): void {
    const words = `${what}: ${reasonOf(error)}`;
    const severity = 'code' in error && error.code === 'NOT_AUTHENTICATED' ? 'error' : 'warn';
    this.#write(words === this.#lastWords ? 'debug' : severity, words, fields);
    this.#lastWords = words;
  }

  missed(subject: string, reason: Error, now: number): void {
    this.#unlogged += 1;
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + quiet;
    this.#write('warn', `not sent: ${reason.message}`, { subject, count: this.#unlogged });
    this.#unlogged = 0;
  }

  #write(severity: 'info' | 'warn' | 'error' | 'debug', text: string, fields: object = {}): void {
    this.logger.log(severity, text, { connection: this.#connection, ...fields });
  }
}
