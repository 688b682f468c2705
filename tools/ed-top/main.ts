// The command line of ed-top, and its screen: plain ANSI, redrawn in place, on the terminal's other screen.

import { emitKeypressEvents } from 'node:readline';
import { styleText } from 'node:util';
import type { BrokerStatus } from '../../lib/broker/index.ts';
import { BrokerLine, brokerPlace } from '../broker-question.ts';
import { commandLine, exitCodes, milliseconds, runProgram } from '../command-line.ts';
import type { Looks } from './view.ts';
import { draw, viewOf } from './view.ts';

const program = {
  name: 'ed-top',
  summary: 'Show a broker, its services and what is wrong, as it happens.',
  options: {
    ...brokerPlace,
    interval: { alias: 'i', type: 'string', default: '1', describe: 'Time between two looks, in seconds (or 500ms)' },
    json: { type: 'boolean', default: false, describe: 'One look as JSON on one line, with rates over one interval' },
    timeout: { type: 'string', default: '5', describe: 'Longest wait for an answer, in seconds (or 500ms)' },
  },
  examples: [
    ['$0', 'The broker of this machine; q ends it'],
    ['$0 > file', 'One look as text, where the output is no terminal'],
    ['$0 --broker tcp://127.0.0.1:4040 --json | jq .wrong', 'For a script'],
  ],
} as const;

const screen = {
  open: '\x1b[?1049h\x1b[?25l',
  close: '\x1b[?25h\x1b[?1049l',
  home: '\x1b[H',
  rest: '\x1b[J',
  line: '\x1b[K',
};

export function main(): Promise<void> {
  return runProgram(program.name, async () => {
    const given = await commandLine(program, process.argv.slice(2));
    if (given === undefined) return exitCodes.done;
    const interval = milliseconds('interval', given.interval);
    const line = new BrokerLine(given);
    try {
      const top = new Top(line, Math.max(100, interval), milliseconds('timeout', given.timeout));
      if (given.json) process.stdout.write(`${JSON.stringify(await top.twice())}\n`);
      else if (process.stdout.isTTY) await top.live();
      else process.stdout.write(`${whole(await top.twice())}\n`);
      return exitCodes.done;
    } finally {
      await line.close();
    }
  });
}

/** How soon a broker that is gone is said to be, and to be back, in ms. */
const glance = 200;

/** All services, however many lines that is. */
function whole(view: ReturnType<typeof viewOf>): string {
  const lines = draw(view, { columns: 120, rows: Number.POSITIVE_INFINITY });
  return lines
    .slice(0, -1)
    .map(line => line.trimEnd())
    .join('\n');
}

class Top {
  readonly #line: BrokerLine;
  readonly #interval: number;
  readonly #timeout: number;
  #end = (): void => undefined;

  constructor(line: BrokerLine, interval: number, timeout: number) {
    this.#line = line;
    this.#interval = interval;
    this.#timeout = timeout;
  }

  /** Two looks, an interval apart. */
  async twice(): Promise<ReturnType<typeof viewOf>> {
    const before = await this.#look();
    const begin = performance.now();
    await new Promise(resolve => setTimeout(resolve, this.#interval));
    const now = await this.#look();
    return viewOf({ now, before, between: performance.now() - begin });
  }

  /** Until somebody ends it. */
  async live(): Promise<void> {
    const over = new Promise<void>(resolve => {
      this.#end = resolve;
    });
    const { stdin, stdout } = process;
    const interactive = stdin.isTTY === true;
    if (interactive) {
      emitKeypressEvents(stdin);
      stdin.setRawMode(true);
      stdin.on('keypress', (_, key: { name?: string; ctrl?: boolean }) => {
        if (key.name === 'q' || (key.name === 'c' && key.ctrl)) this.#end();
      });
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => this.#end());
    stdout.write(screen.open);
    const drawing = this.#draw(over);
    await over;
    await drawing;
    stdout.write(screen.close);
    if (interactive) stdin.setRawMode(false);
    stdin.pause();
  }

  async #draw(over: Promise<void>): Promise<void> {
    let running: 'yes' | 'no' = 'yes';
    void over.then(() => {
      running = 'no';
    });
    let last: { readonly status: BrokerStatus; readonly at: number } | undefined;
    while (running === 'yes') {
      const found = await Promise.race([this.#seen(), over]);
      if (found === undefined) return;
      const at = performance.now();
      if (found instanceof Error) this.#show(this.#gone(found, last === undefined ? undefined : at - last.at));
      else {
        const looks: Looks = { now: found, before: last?.status, between: at - (last?.at ?? at) };
        const { columns = 80, rows = 24 } = process.stdout;
        this.#show(draw(viewOf(looks), { columns, rows }));
        last = { status: found, at };
      }
      const pause = found instanceof Error ? Math.min(glance, this.#interval) : this.#interval;
      await Promise.race([over, new Promise(resolve => setTimeout(resolve, pause))]);
    }
  }

  /** A look; or what is wrong with the link, as soon as that is known. */
  async #seen(): Promise<BrokerStatus | Error> {
    if (this.#trouble !== undefined) return new Error(this.#trouble);
    let watch: NodeJS.Timeout | undefined;
    const trouble = new Promise<Error>(resolve => {
      watch = setInterval(() => this.#trouble !== undefined && resolve(new Error(this.#trouble)), glance);
    });
    const seen = await Promise.race([this.#look().catch((error: Error) => error), trouble]);
    clearInterval(watch);
    return seen;
  }

  /** Nothing is wrong with a link that was not there yet. */
  get #trouble(): string | undefined {
    const { trouble } = this.#line;
    return trouble === 'connecting' ? undefined : trouble;
  }

  #gone({ message }: Error, ago: number | undefined): string[] {
    const { address } = this.#line;
    const words = message.includes(address) ? message : `${address}: ${message}`;
    const since = ago === undefined ? '' : `it was last seen ${Math.round(ago / 1000)} s ago, and `;
    return [styleText('red', words), `${since}is tried again`, '', 'q quit'];
  }

  #show(lines: readonly string[]): void {
    process.stdout.write(`${screen.home}${lines.map(line => `${line}${screen.line}`).join('\r\n')}${screen.rest}`);
  }

  #look(): Promise<BrokerStatus> {
    return this.#line.status(this.#timeout);
  }
}
