// The words between @ in a line, filled in when it goes out: what only the other side knows, or only this run.

import type { Key } from '../input/script.ts';

const places = /@([A-Z]+)@/g;
const longestTail = 4_000;

/** What one connection knows, and learns from what comes in. */
export class Filling {
  readonly #words: Record<string, string>;
  #heard = 0;
  #tail = '';

  /** @param stolen the name of a session that is somebody else's */
  constructor({ id, secret }: Key, stolen: string) {
    this.#words = {
      ID: id,
      SECRET: secret,
      STOLEN: stolen,
      EPOCH: '00000000',
      ASKED: '1',
      UNIQUE: secret.slice(0, 12),
    };
  }

  /** Whole lines that came in. */
  get heard(): number {
    return this.#heard;
  }

  fill(line: string): string {
    if (!line.includes('@')) return line;
    return line.replace(places, (all, word: string) => {
      return word === 'COUNT' ? String(this.#heard) : (this.#words[word] ?? all);
    });
  }

  hear(chunk: Buffer): void {
    const text = this.#tail + chunk.toString('latin1');
    const end = text.lastIndexOf('\n') + 1;
    this.#tail = text.slice(end).slice(-longestTail);
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#heard += 1;
    this.#learn('EPOCH', /SESSION epoch=(\w+)/, text);
    this.#learn('ID', /_session=(\w{16})\./, text);
    this.#learn('ASKED', /_request=([\w.-]+)/, text);
  }

  #learn(word: string, pattern: RegExp, text: string): void {
    const [, found] = pattern.exec(text) ?? [];
    if (found !== undefined) this.#words[word] = found;
  }
}
