// The command line of ed-top, and its screen: plain ANSI, redrawn in place, on the terminal's other screen.

import { emitKeypressEvents } from 'node:readline';
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
      else await top.live();
      return exitCodes.done;
    } finally {
      await line.close();
    }
  });
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
      const found = await Promise.race([this.#look().catch((error: Error) => error), over]);
      if (found === undefined) return;
      const at = performance.now();
      if (found instanceof Error) this.#show([`${this.#line.address}: ${found.message}`, '', 'q quit']);
      else {
        const looks: Looks = { now: found, before: last?.status, between: at - (last?.at ?? at) };
        const { columns = 80, rows = 24 } = process.stdout;
        this.#show(draw(viewOf(looks), { columns, rows }));
        last = { status: found, at };
      }
      await Promise.race([over, new Promise(resolve => setTimeout(resolve, this.#interval))]);
    }
  }

  #show(lines: readonly string[]): void {
    process.stdout.write(`${screen.home}${lines.map(line => `${line}${screen.line}`).join('\r\n')}${screen.rest}`);
  }

  #look(): Promise<BrokerStatus> {
    return this.#line.status(this.#timeout);
  }
}
