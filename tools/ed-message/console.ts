// The console: a line to type on, and above it what is said. The link comes back by itself.

import type { Interface } from 'node:readline';
import { clearScreenDown, createInterface, cursorTo, moveCursor } from 'node:readline';
import { reasonOf } from '../../lib/base/errors.ts';
import { Communicator } from '../../lib/communicator/index.ts';
import type { PermanentClient } from '../../lib/connection/index.ts';
import { Dispatcher } from '../../lib/dispatcher/index.ts';
import type { Logger, Severity } from '../../lib/logging/index.ts';
import { printable } from '../../lib/logging/printable.ts';
import type { Definitions, Message } from '../../lib/message/index.ts';
import type { StreamTransports } from '../../lib/transport/transports.ts';
import { exitCodes } from '../command-line.ts';
import { completions } from './completion.ts';
import { History, historyPath, longestHistory } from './history.ts';
import { hasColour, messageOf, painted, shown } from './words.ts';

export interface ConsoleOrder {
  readonly address: string;
  readonly transports: StreamTransports;
  readonly definitions: Definitions | undefined;
  /** Whether what is typed is kept. */
  readonly history: boolean;
  readonly trace: boolean;
}

/** Tab waits so many ms for the list of a service. */
const helpTime = 1_000;
const help = `COMMAND name=value;other="a b"   send a message (Tab completes)
.commands    what the service says that it knows
.trace       show what is sent too, with the time, or no more
.reconnect   close the connection and open another
.quit        end (as Ctrl-D does)`;

export class Console {
  readonly #order: ConsoleOrder;
  readonly #communicator: Communicator;
  readonly #colour = hasColour(process.stdout);
  readonly #history: History;
  readonly #lines: Interface;
  #client: PermanentClient;
  #trace: 'on' | 'off';
  /** Commands of the service, as long as its link lasts. */
  #commands: readonly string[] | undefined;
  #listed: ((commands: readonly string[]) => void) | undefined;
  #lastNews = '';
  #life: 'here' | 'over' = 'here';

  constructor(order: ConsoleOrder) {
    this.#order = order;
    this.#trace = order.trace ? 'on' : 'off';
    this.#history = new History(order.history ? historyPath() : undefined, text => this.#note(text));
    const past = this.#history.load();
    this.#lines = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: true,
      history: past.reverse(),
      historySize: longestHistory,
      removeHistoryDuplicates: true,
      completer: (line: string, done: (error: null, found: [string[], string]) => void) => this.#complete(line, done),
    });
    const logger: Logger = {
      log: (severity, message) => {
        if (severity !== 'trace' && severity !== 'debug') this.#news(severity, message);
      },
      isLevelEnabled: severity => severity !== 'trace' && severity !== 'debug',
    };
    this.#communicator = new Communicator({ logger, transports: order.transports });
    this.#client = this.#connect();
  }

  /** Resolves with the exit code when the user has had enough. */
  run(): Promise<number> {
    const lines = this.#lines;
    this.#prompt();
    return new Promise(resolve => {
      lines.on('line', line => this.#typed(line));
      lines.on('SIGINT', () => {
        if (lines.line === '') return lines.close();
        lines.write(null, { ctrl: true, name: 'e' });
        lines.write(null, { ctrl: true, name: 'u' });
      });
      lines.on('close', () => {
        this.#life = 'over';
        process.stdout.write('\n');
        void this.#communicator.stop(0).then(() => resolve(exitCodes.done));
      });
    });
  }

  #connect(): PermanentClient {
    this.#commands = undefined;
    const dispatcher = new Dispatcher().otherwise(message => this.#received(message));
    // A console shows what is said as it is said: no session, which would be said too.
    const client = this.#communicator.permanent(this.#order.address, { dispatcher, outbox: { session: false } });
    client.on('state', () => {
      if (client.state !== 'open') this.#commands = undefined;
      this.#prompt();
    });
    return client;
  }

  #prompt(): void {
    // To prompt would read on.
    if (this.#life === 'over') return;
    const { state } = this.#client;
    const text = `${this.#order.address}${state === 'open' ? '' : ` (${state})`}> `;
    this.#lines.setPrompt(this.#colour ? painted(state === 'open' ? 'cyan' : 'yellow', text) : text);
    this.#lines.prompt(true);
  }

  /** Above the line that is typed, which stays as it is. */
  #print(text: string): void {
    if (this.#life === 'over') return;
    const { rows } = this.#lines.getCursorPos();
    const { stdout } = process;
    moveCursor(stdout, 0, -rows);
    cursorTo(stdout, 0);
    clearScreenDown(stdout);
    // readline goes up so many rows again before it writes.
    stdout.write(`${text}\n${'\n'.repeat(rows)}`);
    this.#lines.prompt(true);
  }

  #note(text: string): void {
    const line = `-- ${printable(text)}`;
    this.#print(this.#colour ? painted('dim', line) : line);
  }

  /** Each attempt to connect fails with the same words. */
  #news(severity: Severity, text: string): void {
    if (severity !== 'info' && text === this.#lastNews) return;
    this.#lastNews = text;
    this.#note(text);
  }

  #typed(line: string): void {
    this.#history.add(line);
    const word = line.trim();
    if (word.startsWith('.')) this.#act(word);
    else this.#send(line);
    this.#prompt();
  }

  #act(word: string): void {
    if (word === '.quit') return this.#lines.close();
    if (word === '.help') return this.#print(help);
    if (word === '.commands') return this.#list(commands => this.#note(commands.join(' ') || 'it did not say'));
    if (word === '.trace') {
      this.#trace = this.#trace === 'on' ? 'off' : 'on';
      return this.#note(`trace is ${this.#trace}`);
    }
    if (word !== '.reconnect') return this.#note(`there is no ${word}; .help tells what there is`);
    this.#client.destroy();
    this.#client = this.#connect();
  }

  #send(line: string): void {
    try {
      const message = messageOf(line);
      if (message === undefined) return;
      this.#check(message);
      const sending = this.#client.send(message);
      if (this.#trace === 'on') this.#print(`${this.#time()}> ${shown(message, this.#colour)}`);
      if (sending === 'queued') this.#note('it waits for the connection');
    } catch (error) {
      this.#note(reasonOf(error));
    }
  }

  /** It is sent all the same: a console is where one tries what a service does with it. */
  #check(message: Message): void {
    try {
      this.#order.definitions?.check(message);
    } catch (error) {
      this.#note(`it does not fit its definition: ${reasonOf(error)}`);
    }
  }

  #received(message: Message): void {
    const listed = this.#listed;
    if (message.command === 'COMMANDS' && message.has('list')) this.#commands = listOf(message);
    // A service without HELP is asked once, as one with it.
    else if (listed !== undefined && message.command === 'UNKNOWN') this.#commands = [];
    if (listed !== undefined && this.#commands !== undefined) {
      this.#listed = undefined;
      return listed(this.#commands);
    }
    const mark = this.#trace === 'on' ? `${this.#time()}< ` : '';
    this.#print(`${mark}${shown(message, this.#colour)}`);
  }

  #time(): string {
    const text = `${new Date().toISOString().slice(11, 23)} `;
    return this.#colour ? painted('dim', text) : text;
  }

  #complete(line: string, done: (error: null, found: [string[], string]) => void): void {
    const { definitions } = this.#order;
    const parameters = (command: string): readonly string[] => definitions?.get(command)?.parameters ?? [];
    const answer = (known: readonly string[]): void => {
      const commands = [...new Set([...known, ...(definitions?.commands ?? [])])].sort();
      done(null, completions(line, { commands, parameters }));
    };
    if (line.startsWith('.') || line.trim().includes(' ')) return answer(this.#commands ?? []);
    this.#list(answer);
  }

  /** What the service says to HELP, asked for once in a link; nothing where it does not say. */
  #list(use: (commands: readonly string[]) => void): void {
    if (this.#commands !== undefined) return use(this.#commands);
    if (this.#client.state !== 'open' || this.#listed !== undefined) return use([]);
    const listed = (commands: readonly string[]): void => {
      clearTimeout(timer);
      use(commands);
    };
    const timer = setTimeout(() => {
      this.#listed = undefined;
      use([]);
    }, helpTime);
    this.#listed = listed;
    this.#client.send('HELP');
  }
}

function listOf(message: Message): string[] {
  return message
    .string('list')
    .split(',')
    .filter(command => command !== '');
}
