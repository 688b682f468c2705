// A winston transport that owns its file descriptor. On reopen the new file is opened before the old one is
// closed, and every line is either in the old or in the new: none is lost, none is there twice. (winston's own
// File loses lines there, and goes silent for ever when the folder is gone at the wrong moment.)

import { closeSync, existsSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import Transport from 'winston-transport';

const messageKey = Symbol.for('message');
/** Lines wait for the end of the tick, or until this many characters have come together. */
const longestBatch = 64 * 1024;
const closed = -1;
/** So many bytes are kept for a disk that is full; what comes beyond is counted, and told by `warn`. */
const mostKept = 1024 * 1024;
const none: Buffer = Buffer.alloc(0);

export interface ReopeningFileOptions extends Transport.TransportStreamOptions {
  readonly filename: string;
}

export class ReopeningFile extends Transport {
  readonly filename: string;
  #descriptor: number;
  #waiting = '';
  #unwritten: Buffer = none;
  #lost = 0;
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

  /** Writes what waits, now. What a full disk does not take is kept for the next try, and `warn` is emitted. */
  flush(): void {
    if (this.#descriptor === closed || (this.#waiting === '' && this.#unwritten.length === 0)) return;
    const bytes = this.#gather();
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#descriptor, bytes, written);
      this.#unwritten = none;
    } catch (error) {
      this.#unwritten = bytes.subarray(written);
      const { message } = error as Error;
      this.emit('warn', new Error(`${this.filename}: ${message}; ${this.#lost} log lines lost`, { cause: error }));
    }
  }

  /** Goes on in a file of the same name. @throws the system's error; the old file stays in use then. */
  reopen(): void {
    if (this.#descriptor === closed) return;
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

  /** What waits, behind what could not be written before, as long as there is room for it. */
  #gather(): Buffer {
    const added = Buffer.from(this.#waiting);
    const lines = this.#waiting.split('\n').length - 1;
    this.#waiting = '';
    if (this.#unwritten.length === 0) return added;
    if (this.#unwritten.length + added.length <= mostKept) return Buffer.concat([this.#unwritten, added]);
    this.#lost += lines;
    return this.#unwritten;
  }
}

function open(filename: string): number {
  try {
    return openSync(filename, 'a');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    makeFolder(dirname(resolve(filename)));
    return openSync(filename, 'a');
  }
}

/** Makes a folder and those above it. (mkdirSync's own way, `recursive`, goes round for ever below /proc.) */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}
