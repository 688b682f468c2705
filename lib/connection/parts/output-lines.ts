// The lines that somebody else's program prints. A line that is too long is cut, and the rest of it thrown away.

import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Characters of a line that are kept. */
const longestLine = 8_192;

export class OutputLines {
  readonly #taken: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  /** Takes each line without its line feed; what is left at the end counts as a line. */
  constructor(stream: Readable, taken: (line: string) => void) {
    this.#taken = taken;
    stream.on('data', (chunk: Buffer) => this.#received(this.#decoder.write(chunk)));
    stream.on('end', () => {
      this.#received(this.#decoder.end());
      if (this.#rest !== '') this.#line(this.#rest);
    });
    // What comes after an error is told by the end of the program.
    stream.on('error', () => undefined);
  }

  #received(text: string): void {
    const lines = (this.#rest + text).split('\n');
    const rest = lines.pop() ?? '';
    // One character more than is shown, so that the line is known to be cut.
    this.#rest = rest.slice(0, longestLine + 1);
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    const whole = line.endsWith('\r') ? line.slice(0, -1) : line;
    this.#taken(whole.length > longestLine ? `${whole.slice(0, longestLine)}…` : whole);
  }
}
