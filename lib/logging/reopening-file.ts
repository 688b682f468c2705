// A winston transport that owns its file descriptor. On reopen the new file is opened before the old one is
// closed, and every line is either in the old or in the new: none is lost, none is there twice. (winston's own
// File loses lines there, and goes silent for ever when the folder is gone at the wrong moment.)

import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import Transport from 'winston-transport';

const messageKey = Symbol.for('message');
/** Lines wait for the end of the tick, or until this many characters have come together. */
const longestBatch = 64 * 1024;
const closed = -1;

export interface ReopeningFileOptions extends Transport.TransportStreamOptions {
  readonly filename: string;
}

export class ReopeningFile extends Transport {
  readonly filename: string;
  #descriptor: number;
  #waiting = '';
  #flushing: NodeJS.Immediate | undefined;
  readonly #atExit = (): void => this.flush();

  /** Opens the file for appending, and makes its folder. @throws the system's error where that fails. */
  constructor({ filename, ...options }: ReopeningFileOptions) {
    super(options);
    this.filename = filename;
    this.#descriptor = open(filename);
    process.on('exit', this.#atExit);
  }

  override log(info: Record<symbol, unknown>, next: () => void): void {
    this.#waiting += `${String(info[messageKey])}\n`;
    if (this.#waiting.length >= longestBatch) this.flush();
    else {
      this.#flushing ??= setImmediate(() => {
        this.#flushing = undefined;
        this.flush();
      });
    }
    next();
  }

  /** Writes what waits, now. A write that fails (a full disk) keeps its lines for the next try and emits `warn`. */
  flush(): void {
    if (this.#waiting === '' || this.#descriptor === closed) return;
    const bytes = Buffer.from(this.#waiting);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#descriptor, bytes, written);
      this.#waiting = '';
    } catch (error) {
      this.#waiting = bytes
        .subarray(written)
        .toString()
        .slice(-16 * longestBatch);
      this.emit('warn', error);
    }
  }

  /** Goes on in a file of the same name. @throws the system's error; the old file stays in use then. */
  reopen(): void {
    this.flush();
    const old = this.#descriptor;
    this.#descriptor = open(this.filename);
    closeSync(old);
  }

  override close(): void {
    if (this.#descriptor === closed) return;
    this.flush();
    clearImmediate(this.#flushing);
    closeSync(this.#descriptor);
    this.#descriptor = closed;
    process.off('exit', this.#atExit);
  }
}

function open(filename: string): number {
  mkdirSync(dirname(filename), { recursive: true });
  return openSync(filename, 'a');
}
