// communicatord of a cluster, as a program of its own, and what it says of itself.

import type { Test } from 'tap';
import type { BrokerStatus } from '../../../lib/broker/index.ts';
import { Communicator } from '../../../lib/index.ts';
import { Service } from '../../../lib/protocol/service/index.ts';
import { BrokerLine } from '../../../tools/broker-question.ts';
import { folderOf } from '../../support/folder.ts';
import type { NatsServer } from '../../support/nats-server.ts';
import type { Program } from '../../support/programs.ts';
import { start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';
import { quick } from '../nats/nats-stage.ts';
import { Raw } from '../raw.ts';

export interface Machine {
  readonly broker: Program;
  /** `tcp://host:port` */
  readonly address: string;
  readonly status: () => Promise<BrokerStatus>;
}

/** A broker over NATS on a port of the system's choice; `words` say how it gets there. */
export async function machine(t: Test, name: string, ...words: string[]): Promise<Machine> {
  const places = ['--unix', 'none', '--tcp', '127.0.0.1:0', '--signal', 'none', '--server-name', name];
  const broker = start(t, 'tools/communicatord', [...places, '--data-path', folderOf(t), ...words]);
  const address = `tcp://${await broker.says(/listening on tcp:\/\/(\S+)/)}`;
  await broker.says(new RegExp(`broker ${name} is open`));
  const line = new BrokerLine({ broker: address });
  t.teardown(() => line.close());
  const status = async (): Promise<BrokerStatus> =>
    JSON.parse((await line.ask('BROKER_STATUS', 5_000)).string('status')) as BrokerStatus;
  return { broker, address, status };
}

/** The option for a cluster over all these servers. */
export const over = (servers: readonly NatsServer[]): string[] => [
  '--cluster',
  servers.map(({ address }) => address).join(','),
];

/** The last server that the broker said it is connected to. */
export const lastServer = ({ broker }: Machine): string | undefined =>
  [...broker.err.matchAll(/connected to (nats:\/\/[\d.:]+)/g)].at(-1)?.[1];

/** Waits until what the broker says of itself is so; gives it. */
export async function shows(
  { status }: Machine,
  words: string,
  isSo: (status: BrokerStatus) => boolean,
): Promise<BrokerStatus> {
  const end = performance.now() + 20_000;
  for (;;) {
    const found = await status();
    if (isSo(found)) return found;
    if (performance.now() > end) throw new Error(`waited in vain: ${words}, it is ${JSON.stringify(found.cluster)}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

/** A service that knows NEWS, on a bare socket. */
export async function rawMember(t: Test, address: string, name: string): Promise<Raw> {
  const raw = await Raw.dial(address);
  t.teardown(() => raw.destroy());
  raw.send(`REGISTER service=${name};version=1\nCOMMANDS list=HELP,READY,STOP,UNKNOWN,QUITTING,NEWS\n`);
  for (const command of ['HELP', 'READY']) {
    const line = await raw.line();
    if (!line.includes(command)) throw new Error(`${name} heard ${line} in the place of ${command}`);
  }
  return raw;
}

/** A service of ours at that broker, in this process. */
export async function ourService(
  t: Test,
  { address }: Machine,
  name: string,
  rules: (service: Service) => unknown = () => undefined,
): Promise<Service> {
  const communicator = new Communicator();
  const service = new Service(name, { broker: address, communicator, link: { pause: quick } });
  rules(service);
  t.teardown(() => communicator.stop(100));
  void service.run();
  await until(`${name} has registered`, () => service.state === 'started');
  return service;
}

/** A sender at one machine that delivers numbers, one after the other, to a worker at another. */
export class Talk {
  readonly heard: number[] = [];
  readonly failures: Error[] = [];
  said = 0;
  confirmed = 0;
  #timer: NodeJS.Timeout | undefined;

  static async between(t: Test, from: Machine, to: Machine, each = 2): Promise<Talk> {
    const talk = new Talk();
    await ourService(t, to, 'worker', service => service.on('JOB', message => talk.heard.push(message.integer('n'))));
    const sender = await ourService(t, from, 'sender');
    await shows(from, 'it knows the worker', ({ cluster }) =>
      cluster.others.some(({ services }) => services.includes('worker')),
    );
    talk.#timer = setInterval(() => talk.#say(sender), each);
    t.teardown(() => clearInterval(talk.#timer));
    return talk;
  }

  /** Waits until so many more have come. */
  async goesOn(count = 100): Promise<void> {
    const { length } = this.heard;
    await until(`${count} more come`, () => this.heard.length >= length + count, 30_000);
  }

  /** Says no more; resolves when all that was said has an outcome. */
  async over(): Promise<void> {
    clearInterval(this.#timer);
    await until('all is confirmed', () => this.confirmed + this.failures.length === this.said, 30_000);
  }

  #say(sender: Service): void {
    const n = this.said;
    this.said += 1;
    sender.deliver('worker/JOB', { n }).then(
      () => {
        this.confirmed += 1;
      },
      (error: Error) => this.failures.push(error),
    );
  }
}

/** 0 to `count - 1`: what has come, if nothing was lost, doubled or out of order. */
export const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
