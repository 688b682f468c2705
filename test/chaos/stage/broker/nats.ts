// Servers of NATS for the stage: one for all, or two that are a cluster with a way between them which can be cut.
//
//   in namespaces   east: brokers, nats-server ── veth ── west: brokers, nats-server
//                   the way is a black hole while each side sends to an address of hardware that nobody has
//   on one machine  east: nats-server ──▶ proxy ──▶ west: nats-server         the way is a proxy that freezes

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaultProxy } from '../../../../lib/testkit/index.ts';
import { natsBinary, noNats } from '../../../support/nats-server.ts';
import { Foreign } from '../child.ts';
import { until } from '../pace.ts';

/** Why rows with NATS cannot run here. */
export const withoutNats: string | undefined = noNats === false ? undefined : noNats;

export type Side = 'east' | 'west';
const sides: readonly Side[] = ['east', 'west'];

/** Two servers of NATS in one cluster, each with brokers of its own. */
export interface SplitNats {
  /** The servers of NATS that a broker of that side is told of. */
  cluster(side: Side): string;
  /** What its broker is started by. */
  inside(side: Side): readonly string[];
  split(): void;
  heal(): Promise<void>;
  end(): Promise<void>;
}

const patience = 15_000;

/** One nats-server, with what it says of itself in a folder. */
class Server {
  readonly #folder = mkdtempSync(join(tmpdir(), 'nats-'));
  readonly #process: Foreign;

  /** `config` goes before what all have. */
  constructor(name: string, config: string, inside: readonly string[] = []) {
    const file = join(this.#folder, 'server.conf');
    writeFileSync(file, `server_name: ${name}\nping_interval: "2s"\n${config}\n`);
    const [command = '', ...words] = [
      ...inside,
      natsBinary ?? 'nats-server',
      '-c',
      file,
      '--ports_file_dir',
      this.#folder,
    ];
    this.#process = new Foreign(command, words);
  }

  /** The ports that it has, when it is up. */
  async ports(): Promise<{ readonly client: number; readonly cluster: number }> {
    const said = (): string => {
      const name = readdirSync(this.#folder).find(entry => entry.endsWith('.ports'));
      return name === undefined ? '' : readFileSync(join(this.#folder, name), 'utf8');
    };
    if (!(await until(() => said().includes('"cluster"'), patience))) throw new Error('nats-server does not start');
    const { nats, cluster } = JSON.parse(said()) as { nats: string[]; cluster: string[] };
    const port = ([address = '']: string[]): number => Number(address.slice(address.lastIndexOf(':') + 1));
    return { client: port(nats), cluster: port(cluster) };
  }

  async end(): Promise<void> {
    await this.#process.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const cluster = (lines: string): string => `cluster { name: both, no_advertise: true, ${lines} }`;

/** On one machine, with a proxy between the two. */
export async function proxiedNats(): Promise<SplitNats> {
  const listen = 'listen: "127.0.0.1:-1"';
  const west = new Server('west', `${listen}\n${cluster(listen)}`);
  const ports = await west.ports();
  const proxy = await FaultProxy.open({ to: `tcp://127.0.0.1:${ports.cluster}` });
  const route = `nats-route://${new URL(proxy.address).host}`;
  const east = new Server('east', `${listen}\n${cluster(`${listen}, routes: ["${route}"]`)}`);
  const clients = { east: (await east.ports()).client, west: ports.client };
  return {
    cluster: side => `nats://127.0.0.1:${clients[side]}`,
    inside: () => [],
    split: () => proxy.freeze(),
    heal: () => proxy.heal(),
    end: async () => {
      await Promise.all([east.end(), west.end(), proxy.close()]);
    },
  };
}

const run = (command: string): string => {
  const [program = '', ...words] = command.split(' ');
  return execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
};

/** Ends of the way between two namespaces; nobody has the last address of hardware. */
const ends = {
  east: { address: '10.213.4.1', device: 'veth-east' },
  west: { address: '10.213.4.2', device: 'veth-west' },
} as const;
const nobody = '02:00:00:00:00:fe';
const other = (side: Side): Side => (side === 'east' ? 'west' : 'east');

/** Why there can be no namespaces here; undefined where there can. */
export function withoutNamespaces(): string | undefined {
  const name = `chaos-try-${process.pid}`;
  try {
    run(`ip netns add ${name}`);
    run(`ip -n ${name} link add ${ends.east.device} type veth peer name ${ends.west.device}`);
    return undefined;
  } catch (error) {
    const absent = (error as { readonly code?: string }).code === 'ENOENT';
    return absent
      ? 'there is no ip (Debian: apt-get install iproute2)'
      : 'this process may not make network namespaces (ip netns add)';
  } finally {
    try {
      run(`ip netns del ${name}`);
    } catch {
      // There was none.
    }
  }
}

/** In two namespaces of the network, with a pair of virtual devices between them. */
export async function namespacedNats(): Promise<SplitNats> {
  const space = (side: Side): string => `chaos-${side}-${process.pid}`;
  const inside = (side: Side): string[] => ['ip', 'netns', 'exec', space(side)];
  const servers: Server[] = [];
  const clear = (): void => {
    for (const side of sides) run(`ip netns del ${space(side)}`);
  };
  const end = async (): Promise<void> => {
    await Promise.all(servers.map(server => server.end()));
    process.off('exit', clear);
    clear();
  };
  for (const side of sides) run(`ip netns add ${space(side)}`);
  process.once('exit', clear);
  const { east, west } = ends;
  run(`ip -n ${space('east')} link add ${east.device} type veth peer name ${west.device} netns ${space('west')}`);
  for (const side of sides) {
    const { address, device } = ends[side];
    run(`ip -n ${space(side)} addr add ${address}/24 dev ${device}`);
    for (const name of ['lo', device]) run(`ip -n ${space(side)} link set ${name} up`);
    const route = `routes: ["nats-route://${ends[other(side)].address}:6222"]`;
    servers.push(
      new Server(side, `listen: "${address}:4222"\n${cluster(`listen: "${address}:6222", ${route}`)}`, inside(side)),
    );
  }
  await Promise.all(servers.map(server => server.ports()));
  const neighbour = (what: string, side: Side, more: string): string =>
    run(`ip -n ${space(side)} neigh ${what} ${ends[other(side)].address} ${more}dev ${ends[side].device}`);
  return {
    cluster: side => `nats://${ends[side].address}:4222`,
    inside,
    split: () => {
      for (const side of sides) neighbour('replace', side, `lladdr ${nobody} nud permanent `);
    },
    heal: async () => {
      for (const side of sides) neighbour('del', side, '');
    },
    end,
  };
}
