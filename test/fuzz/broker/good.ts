// The good services amid the noise: two of ours over sessions, and a plain one as a C++ program is. All talk all the time.
// Each message has the fuzzer's word in it and a number: whatever says that it comes from one of them, and has no word, is
// somebody who poses.

import type { Socket } from 'node:net';
import net from 'node:net';
import { Communicator, decode, type Message } from '../../../lib/index.ts';
import { Service } from '../../../lib/protocol/service/index.ts';
import { until } from '../../chaos/stage/pace.ts';
import { runDelay } from '../programs/run-delay.ts';
import type { BrokerPlaces } from './program.ts';
import { goodNames } from './scripts.ts';

export interface GoodFigures {
  readonly sent: number;
  /** Handled, or heard, by way. */
  readonly lost: number;
  readonly twice: number;
  readonly outOfOrder: number;
  readonly requests: number;
  /** The slowest request, in ms; and without the time in which a process on its way waited for a processor. */
  readonly slowest: number;
  readonly slowestNet: number;
  /** Ways of which something is missing, with how much. */
  readonly missing: readonly string[];
  readonly posed: readonly string[];
  readonly failures: readonly string[];
}

const beat = 20;
/** What a broker says to services of which nothing is missing. */
const expected: ReadonlySet<string> = new Set(['HELP', 'READY', 'ALIVE', 'ABSOLUTELY']);
/** What good services say to each other. */
const ours: ReadonlySet<string> = new Set(['JOB', 'ADD', 'NOTE', 'NOTED', 'PULSE']);
/** Commands by which the noise may stop or move a service: these stay. */
const ignored = [
  'STOP',
  'QUIT',
  'RESTART',
  'LEAK',
  'LOG_ROTATE',
  'SHUTDOWN',
  'NEWS',
  'JOB',
  'ADD',
  'NOTE',
  'TICK',
  'PULSE',
  'NOTED',
  'SUM',
];
const mostNotes = 20;
/** For an answer, in ms. */
const longestWait = 30_000;
/** What is said to all of them; the noise does not know the word. */
export const broadcast = 'PULSE';

/** One way of messages: numbers that must come once, and in order. */
class Way {
  sent = 0;
  received = 0;
  twice = 0;
  outOfOrder = 0;
  readonly #seen = new Set<number>();
  #last = 0;

  get lost(): number {
    return this.sent - this.received;
  }

  next(): number {
    this.sent += 1;
    return this.sent;
  }

  take(number: number): void {
    if (this.#seen.has(number)) this.twice += 1;
    else {
      this.#seen.add(number);
      this.received += 1;
      if (number < this.#last) this.outOfOrder += 1;
      this.#last = Math.max(this.#last, number);
    }
  }
}

export class GoodServices {
  readonly #word: string;
  readonly #communicator = new Communicator();
  readonly #ways = { jobs: new Way(), notes: new Way(), noted: new Way(), ticks: new Way(), heard: new Way() };
  readonly #posed: string[] = [];
  readonly #failures: string[] = [];
  #boss: Service | undefined;
  #plain: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #requests = 0;
  #slowest = 0;
  #slowestNet = 0;
  #broker = 0;
  #open = 0;

  constructor(word: string) {
    this.#word = word;
  }

  async open({ unix, tcp, pid }: BrokerPlaces): Promise<void> {
    this.#broker = pid;
    const { jobs, ticks } = this.#ways;
    const worker = this.#service('worker', tcp, {
      JOB: message => jobs.take(message.integer('n')),
      PULSE: message => ticks.take(message.integer('n')),
      ADD: (message, broker) =>
        void broker?.send(message.reply('SUM', { is: message.integer('n') + 1, word: this.#word })),
    });
    const boss = this.#service('boss', unix, { NOTED: message => this.#ways.noted.take(message.integer('n')) });
    this.#boss = boss;
    await this.#openPlain(unix);
    const started = (): boolean => worker.state === 'started' && boss.state === 'started';
    if (!(await until(started, 10_000))) throw new Error('the good services do not start');
    this.#timer = setInterval(() => this.#beat(), beat);
  }

  /** The session of one of them: what a thief could know. */
  get figures(): GoodFigures {
    const ways = Object.values(this.#ways);
    const sum = (figure: (way: Way) => number): number => ways.reduce((all, way) => all + figure(way), 0);
    return {
      sent: sum(({ sent }) => sent),
      lost: sum(({ lost }) => lost),
      twice: sum(({ twice }) => twice),
      outOfOrder: sum(({ outOfOrder }) => outOfOrder),
      requests: this.#requests,
      slowest: this.#slowest,
      slowestNet: this.#slowestNet,
      missing: Object.entries(this.#ways).flatMap(([name, way]) => (way.lost === 0 ? [] : [`${way.lost} of ${name}`])),
      posed: this.#posed,
      failures: this.#failures,
    };
  }

  /** Deliveries of which is not known yet what became of them. */
  get unsettled(): number {
    return this.#open;
  }

  pause(): void {
    clearInterval(this.#timer);
  }

  resume(): void {
    this.pause();
    this.#timer = setInterval(() => this.#beat(), beat);
  }

  async ask(): Promise<void> {
    const start = performance.now();
    const waited = (): number => runDelay(process.pid) + runDelay(this.#broker);
    const before = waited();
    try {
      const parameters = { n: this.#requests, word: this.#word };
      const answer = await this.#boss?.request('worker/ADD', parameters, { timeout: longestWait });
      this.#requests += 1;
      if (answer?.get('word') !== this.#word) this.#note(this.#posed, `an answer of ${answer?.from.service}`);
    } catch (error) {
      this.#note(this.#failures, `a request: ${(error as Error).message}`);
    }
    const ms = performance.now() - start;
    this.#slowest = Math.max(this.#slowest, ms);
    this.#slowestNet = Math.max(this.#slowestNet, ms - (waited() - before));
  }

  async close(): Promise<void> {
    this.pause();
    this.#plain?.destroy();
    await this.#communicator.stop(500);
  }

  #service(
    name: string,
    broker: string,
    rules: { [command: string]: (message: Message, broker: Service['link']) => void },
  ): Service {
    const service = new Service(name, { broker, communicator: this.#communicator, link: { concurrency: 50 } });
    const good = (message: Message): boolean => message.get('word') === this.#word;
    service.dispatcher.observe(
      () => true,
      message => this.#look(name, message),
    );
    for (const [command, rule] of Object.entries(rules)) {
      service.on(
        message => message.command === command && good(message),
        message => rule(message, service.link),
      );
    }
    for (const command of ignored) service.on(command, () => undefined);
    service.when('state', state => {
      if (state === 'seeking' && this.#timer !== undefined) this.#note(this.#failures, `${name} has lost its link`);
    });
    service.when('dropped', (message, reason) => {
      if (ours.has(message.command)) this.#note(this.#failures, `${message.command} dropped: ${reason.message}`);
    });
    void service.run();
    return service;
  }

  /** As a C++ service: no session, answers ALIVE, and has a buffer of its own. */
  async #openPlain(unix: string): Promise<void> {
    const socket = net.connect(unix.slice('unix:'.length));
    this.#plain = socket;
    let rest = '';
    socket.on('data', chunk => {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#plainHears(line);
    });
    socket.on('error', () => undefined);
    socket.once('close', () => this.#timer !== undefined && this.#note(this.#failures, 'the plain link was closed'));
    socket.write('REGISTER service=plain;version=1\n');
    socket.write(
      'COMMANDS list=ALIVE,HELP,INVALID,LEAK,LOG_ROTATE,NOTE,PULSE,QUITTING,READY,RESTART,STOP,TICK,UNKNOWN\n',
    );
    await until(() => socket.bytesRead > 60, 10_000);
  }

  #plainHears(line: string): void {
    const message = heard(line);
    if (message === undefined) return;
    this.#look('plain', message);
    if (message.command === 'ALIVE') this.#plain?.write('communicatord/ABSOLUTELY serial=probe\n');
    if (message.get('word') !== this.#word) return;
    const { notes, noted, heard: ticks } = this.#ways;
    if (message.command === 'PULSE') ticks.take(message.integer('n'));
    if (message.command !== 'NOTE') return;
    notes.take(message.integer('n'));
    this.#plain?.write(`boss/NOTED n=${noted.next()};word=${this.#word}\n`);
  }

  #look(who: string, message: Message): void {
    const { service } = message.from;
    const isGood = goodNames.some(name => name === service);
    // What a good service answers to the noise may find nobody: then the broker says so to it.
    const about = message.command === 'SERVICE_UNAVAILABLE' && !ours.has(message.get('unsent_command') ?? '');
    const bad =
      service === 'communicatord' ? !expected.has(message.command) && !about : isGood && !expected.has(message.command);
    if (bad && message.get('word') !== this.#word)
      this.#note(this.#posed, `${who} heard ${message.command} from ${service}`);
  }

  #beat(): void {
    const word = this.#word;
    const { jobs, notes, ticks, heard } = this.#ways;
    for (let left = 4; left > 0; left -= 1) this.#deliver('worker/JOB', { n: jobs.next(), word });
    this.#deliver('plain/NOTE', { n: notes.next(), word });
    heard.next();
    this.#tell(`./${broadcast}`, { n: ticks.next(), word });
  }

  #tell(target: string, parameters: { n: number; word: string }): void {
    try {
      this.#boss?.send(target, parameters);
    } catch (error) {
      this.#note(this.#failures, `${target} ${parameters.n}: ${(error as Error).message}`);
    }
  }

  #deliver(target: string, parameters: { n: number; word: string }): void {
    this.#open += 1;
    this.#boss
      ?.deliver(target, parameters)
      .catch((error: Error) => this.#note(this.#failures, `${target} ${parameters.n}: ${error.message}`))
      .finally(() => {
        this.#open -= 1;
      });
  }

  #note(list: string[], text: string): void {
    if (list.length < mostNotes) list.push(text);
  }
}

function heard(line: string): Message | undefined {
  try {
    return decode(line);
  } catch {
    return undefined;
  }
}
