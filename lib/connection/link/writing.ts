// The writing half of a link: lines are gathered until the turn ends, and go out in one write.

import { bytesOf } from '../../framing/index.ts';
import type { Channel } from '../../transport/index.ts';

/** Output is handed on when this many characters have come together, or at the end of the turn. */
const longestBatch = 64 * 1024;

export class Writing {
  /** 'full' while the system takes no more bytes. */
  outlet: 'clear' | 'full' = 'clear';
  readonly #channel: Channel;
  readonly #wrote: { wrote(): void };
  #text = '';
  /** Whether each character has one byte. */
  #characters: 'of one byte' | 'any' = 'of one byte';
  #timing: 'none' | 'soon' | 'at turn end' = 'none';

  /** `wrote` is told of each write. */
  constructor(channel: Channel, wrote: { wrote(): void }) {
    this.#channel = channel;
    this.#wrote = wrote;
  }

  /** Characters that were not handed on yet. */
  get waiting(): number {
    return this.#text.length;
  }

  /** Whether a turn is on, at whose end all is written. */
  get inTurn(): boolean {
    return this.#timing === 'at turn end';
  }

  /** `bytes` with its line feed; 0 where nobody has counted. */
  add(line: string, bytes: number): void {
    this.#text += `${line}\n`;
    if (bytes !== line.length + 1) this.#characters = 'any';
    if (this.#text.length >= longestBatch) this.flush();
    else if (this.#timing === 'none') {
      this.#timing = 'soon';
      queueMicrotask(() => {
        this.#timing = 'none';
        this.flush();
      });
    }
  }

  beginTurn(): void {
    this.#timing = 'at turn end';
  }

  endTurn(): void {
    this.#timing = 'none';
    this.flush();
  }

  flush(): void {
    if (this.#text === '') return;
    const bytes = this.#characters === 'any' ? bytesOf(this.#text) : Buffer.from(this.#text, 'latin1');
    this.clear();
    if (!this.#channel.send(bytes)) this.outlet = 'full';
    this.#wrote.wrote();
  }

  clear(): void {
    this.#text = '';
    this.#characters = 'of one byte';
  }
}
