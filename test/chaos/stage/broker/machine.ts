// A machine with its broker, the real program, which can be killed, stopped and asked.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrokerStatus } from '../../../../lib/broker/index.ts';
import { BrokerLine } from '../../../../tools/broker-question.ts';
import { Foreign } from '../child.ts';
import { until } from '../pace.ts';

export interface MachineOptions {
  /** Its server name. */
  readonly name: string;
  /** Servers of NATS; none: it is alone. */
  readonly cluster?: string | undefined;
  /** Services whose messages are kept before they have come. */
  readonly services?: readonly string[] | undefined;
  /** What its broker is started by: a program that enters a network namespace, say. @default nothing */
  readonly inside?: readonly string[] | undefined;
}

const program = fileURLToPath(new URL('../../../../tools/communicatord.js', import.meta.url));
/** A broker is open, or answers, within so many ms. */
const patience = { open: 15_000, answer: 1_000 };

export class Machine {
  readonly name: string;
  /** Where services find the broker: a file, which is the same in all network namespaces. */
  readonly address: string;
  readonly #options: MachineOptions;
  readonly #path: string;
  readonly #line: BrokerLine;
  #broker: Foreign | undefined;

  constructor(folder: string, options: MachineOptions) {
    this.name = options.name;
    this.#options = options;
    this.#path = join(folder, `${options.name}.sock`);
    this.address = `unix:${this.#path}`;
    this.#line = new BrokerLine({ broker: this.address });
  }

  /** Resolves when the broker answers. */
  async start(): Promise<void> {
    const { name, cluster, services, inside = [] } = this.#options;
    const words = [program, '--unix', this.#path, '--tcp', 'none', '--signal', 'none', '--server-name', name];
    if (cluster !== undefined) words.push('--cluster', cluster);
    if (services !== undefined) words.push('--services', services.join(','));
    const [command = '', ...before] = [...inside, process.execPath];
    this.#broker = new Foreign(command, [...before, ...words]);
    const answers = async (): Promise<boolean> => (await this.status()) !== undefined;
    if (!(await until(answers, patience.open))) throw new Error(`the broker of ${name} does not answer`);
  }

  /** Undefined where it does not answer. */
  async status(): Promise<BrokerStatus | undefined> {
    try {
      const answer = await this.#line.ask('BROKER_STATUS', patience.answer);
      return JSON.parse(answer.string('status')) as BrokerStatus;
    } catch {
      return undefined;
    }
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#broker?.signal(signal);
  }

  async kill(): Promise<void> {
    await this.#broker?.kill();
  }

  async end(): Promise<void> {
    await Promise.all([this.kill(), this.#line.close()]);
  }
}
