// The shop on two machines: two brokers that find each other over NATS, orders at the one (north), stock and shipping at the
// other (south). A customer gives 200 orders; meanwhile NATS is killed, and then the broker of the south; both are started again,
// and the parcels are counted. Everything is a process of its own, on ports and sockets of its own, so it runs beside anything.
//
// It needs nats-server: NATS_SERVER says where it is, where it is not on the path.

import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Programs } from './shop-programs.ts';
import { close, ended, runScript, says } from './shop-programs.ts';

/** Nothing of it takes longer, in ms. */
const deadline = 50_000;
/** So long NATS, and the broker of the south, are away. */
const away = 1_000;
const orders = 200;

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));
const say = (text: string): boolean => process.stdout.write(`\n${text}\n`);

/** A nats-server that keeps its port and its memory when it is started again. */
class NatsServer {
  readonly #programs: Programs;
  readonly #binary: string;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  /** At first of the system's choice. */
  #port = '-1';

  constructor(programs: Programs, binary: string) {
    this.#programs = programs;
    this.#binary = binary;
    this.#folder = join(programs.folder, 'nats');
  }

  get address(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const words = ['-a', '127.0.0.1', '-p', this.#port, '-js', '-sd', this.#folder];
    this.#programs.show(['nats-server', ...words]);
    const child = this.#programs.keep(spawn(this.#binary, words, { stdio: ['ignore', 'ignore', 'pipe'] }));
    this.#port = await says(child, /Listening for client connections on 127\.0\.0\.1:(\d+)/);
    this.#child = child;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child === undefined) return;
    this.#child.kill(signal);
    await ended(this.#child);
  }
}

/** A broker and its services, as they would be on a machine of their own. */
class Machine {
  readonly name: string;
  readonly socket: string;
  readonly #programs: Programs;
  readonly #words: readonly string[];
  readonly #services: ChildProcess[] = [];
  #broker: ChildProcess | undefined;

  constructor(programs: Programs, name: string, nats: string) {
    this.name = name;
    this.#programs = programs;
    this.socket = join(programs.folder, `${name}.sock`);
    const places = ['--unix', this.socket, '--tcp', 'none', '--signal', 'none'];
    this.#words = ['--server-name', name, ...places, '--cluster', nats];
  }

  async start(): Promise<void> {
    this.#broker = this.#programs.start('tools/communicatord', this.socket, this.#words);
    await says(this.#broker, new RegExp(`broker ${this.name} is open`));
  }

  async kill(): Promise<void> {
    if (this.#broker === undefined) return;
    this.#broker.kill('SIGKILL');
    await ended(this.#broker);
  }

  /** `heard` gets what it prints, in the place of the terminal. */
  async service(name: string, words: readonly string[], heard: (line: string) => void): Promise<ChildProcess> {
    const child = this.#programs.start(`examples/shop-${name}`, this.socket, words, 'read');
    if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', heard);
    await says(child, /registered/);
    this.#services.push(child);
    return child;
  }

  async run(tool: string, ...words: string[]): Promise<void> {
    await ended(this.#programs.start(tool, this.socket, words));
  }

  async close(): Promise<void> {
    const running = this.#services.filter(({ exitCode }) => exitCode === null);
    await close(...running, ...(this.#broker === undefined ? [] : [this.#broker]));
  }
}

/** The numbers of the orders whose parcels were sent, with all of them once or more. */
class Parcels {
  readonly sent: string[] = [];
  show: 'each' | 'count' = 'each';

  heard(line: string): void {
    const [, order] = /^parcel for order (\d+):/.exec(line) ?? [];
    if (order !== undefined) this.sent.push(order);
    if (this.show === 'each') process.stdout.write(`${line}\n`);
  }
}

async function talk(programs: Programs, nats: NatsServer): Promise<void> {
  await nats.start();
  const [north, south] = [new Machine(programs, 'north', nats.address), new Machine(programs, 'south', nats.address)];
  await north.start();
  await south.start();
  const parcels = new Parcels();
  const heard = (line: string): void => parcels.heard(line);
  await south.service('stock', ['1000'], heard);
  await south.service('shipping', [], heard);
  await north.service('orders', [], heard);

  say('An order at north; its parcel is sent from south:');
  await order(north);
  await statusOf(north, south);

  say(`A customer at north gives ${orders} orders. Meanwhile NATS is killed, and then the broker of the south:`);
  parcels.show = 'count';
  parcels.sent.length = 0;
  const customer = await north.service('customer', [String(orders)], line => process.stdout.write(`${line}\n`));
  await storm(nats, south);
  await ended(customer);
  const once = new Set(parcels.sent).size;
  process.stdout.write(
    `${once} parcels were sent, ${parcels.sent.length - once} of them twice, ${orders - once} lost\n`,
  );
  if (once !== orders || parcels.sent.length !== once) throw new Error('that is not as it should be');
  await statusOf(north, south);

  say('All is closed in good order, NATS last.');
  await north.close();
  await south.close();
  await nats.end('SIGTERM');
}

async function order(north: Machine): Promise<void> {
  const parameters = ['order=1', 'item=tea', 'count=2'].flatMap(one => ['-p', one]);
  await north.run('tools/ed-signal', '--host', `unix:${north.socket}`, '--reply', 'orders/ORDER', ...parameters);
}

async function storm(nats: NatsServer, south: Machine): Promise<void> {
  await pause(away);
  await nats.end('SIGKILL');
  process.stdout.write('NATS is killed\n');
  await pause(away);
  await nats.start();
  await pause(away);
  await south.kill();
  process.stdout.write('the broker of the south is killed\n');
  await pause(away);
  await south.start();
}

async function statusOf(...machines: Machine[]): Promise<void> {
  for (const machine of machines) {
    say(`The cluster, as ${machine.name} sees it:`);
    await machine.run('tools/cluster-status');
  }
}

/** Where nats-server is; undefined where it is not installed. */
function natsBinary(): string | undefined {
  const { PATH = '', NATS_SERVER: given } = process.env;
  const folders = [...PATH.split(delimiter), '/usr/sbin', '/usr/local/bin'];
  const places = given === undefined ? folders.map(folder => join(folder, 'nats-server')) : [given];
  return places.find(place => spawnSync(place, ['--version']).status === 0);
}

const binary = natsBinary();
if (binary === undefined) {
  process.stderr.write('This needs nats-server, which is not installed. On Debian: apt-get install nats-server\n');
  process.exitCode = 2;
} else await runScript('the shop', deadline, programs => talk(programs, new NatsServer(programs, binary)));
