// Three brokers over NATS, each behind a way of its own that is cut and healed, killed at chance and started again, while a
// service moves from one to the other: nothing confirmed is lost, nothing runs twice. The seed is in the name of the test.

import type { Test } from 'tap';
import t from 'tap';
import { Broker } from '../../../lib/broker/index.ts';
import { NatsCluster } from '../../../lib/broker/nats/index.ts';
import { Communicator } from '../../../lib/index.ts';
import { Service } from '../../../lib/protocol/service/index.ts';
import { FaultProxy, seededRandom } from '../../../lib/testkit/index.ts';
import { NatsServer, noNats } from '../../support/nats-server.ts';
import { until } from '../../support/world.ts';
import { quick } from '../nats/nats-stage.ts';
import { lively } from './cluster-stage.ts';

/** A machine: its broker has many lives, at one address. */
class Machine {
  address = 'tcp://127.0.0.1:0';
  readonly proxy: FaultProxy;
  readonly #server: string;
  #communicator = new Communicator();
  #broker: Broker | undefined;

  constructor(server: string, proxy: FaultProxy) {
    this.#server = server;
    this.proxy = proxy;
  }

  async start(): Promise<void> {
    this.#communicator = new Communicator();
    const limits = { ask: 100, dial: 500 };
    const nats = this.#communicator.nats(this.proxy.address.replace('tcp', 'nats'), { pause: quick, limits });
    const cluster = new NatsCluster(nats, { prefix: 'chance', presence: lively });
    const services = ['worker'];
    const broker = new Broker({
      server: this.#server,
      communicator: this.#communicator,
      cluster,
      services,
      listen: [this.address],
    });
    this.#broker = broker;
    [this.address = ''] = await broker.start();
  }

  /** Ends as a crash would: nothing is said, nobody is waited for. */
  async kill(): Promise<void> {
    await this.#communicator.stop(0);
    // Its timers are those of the process, which lives on here.
    await this.#broker?.stop();
  }
}

interface Stage {
  readonly machines: readonly Machine[];
  service(name: string, at: Machine, once?: string): Service;
}

async function stage(t: Test): Promise<Stage> {
  const nats = await NatsServer.start();
  const machines: Machine[] = [];
  for (const name of ['a', 'b', 'c']) {
    const proxy = await FaultProxy.open({ listen: 'tcp://127.0.0.1:0', to: nats.address.replace('nats', 'tcp') });
    const machine = new Machine(name, proxy);
    await machine.start();
    machines.push(machine);
  }
  const owners: Communicator[] = [];
  t.teardown(async () => {
    await Promise.all(owners.map(owner => owner.stop(0)));
    for (const machine of machines) await machine.kill();
    for (const { proxy } of machines) await proxy.close();
    await nats.end();
  });
  const service = (name: string, at: Machine, directory?: string): Service => {
    const communicator = new Communicator();
    owners.push(communicator);
    const once = directory === undefined ? undefined : { directory };
    const link = { once, pause: { first: 5, most: 50 }, limits: { ask: 500, dead: 5_000 }, concurrency: 100 };
    return new Service(name, { broker: at.address, communicator, link });
  };
  return { machines, service };
}

async function play(t: Test, seed: number, count: number): Promise<void> {
  const random = seededRandom(seed);
  const { machines, service } = await stage(t);
  const pick = (): Machine => machines[Math.floor(random() * machines.length)] as Machine;
  const directory = t.testdir();
  const runs: number[] = [];
  const work = async (at: Machine): Promise<Service> => {
    const worker = service('worker', at, directory).on('JOB', message => void runs.push(message.integer('n')));
    void worker.run();
    await until('the worker has started', () => worker.state === 'started', 30_000);
    return worker;
  };
  let worker = await work(pick());
  const boss = service('boss', machines[0] as Machine);
  void boss.run();
  const confirmed = new Set<number>();
  const failed: string[] = [];
  for (let n = 0; n < count; n += 1) {
    boss.deliver('worker/JOB', { n }).then(
      () => confirmed.add(n),
      (error: Error) => failed.push(`${n} ${error.message}`),
    );
    if (n % 20 === 0) await new Promise(resolve => setTimeout(resolve, 2));
    if (n % 200 !== 199) continue;
    const machine = pick();
    const chance = random();
    if (chance < 0.35) {
      await machine.proxy.cut();
      await new Promise(resolve => setTimeout(resolve, random() * 200));
      await machine.proxy.heal();
    } else if (chance < 0.7) {
      await machine.kill();
      await machine.start();
    } else {
      await worker.stop();
      worker = await work(machine);
    }
  }
  await until(`all have an end: ${failed.length} failed`, () => confirmed.size + failed.length === count, 40_000);
  const ran = new Set(runs);
  t.same(
    [...confirmed].filter(n => !ran.has(n)),
    [],
    'nothing confirmed is lost',
  );
  t.equal(runs.length, ran.size, 'nothing ran twice');
  t.same(failed, [], 'and all is handled');
}

for (const seed of [1, 2, 3]) {
  t.test(`machines cut, killed and moved between at chance, seed ${seed}`, { skip: noNats }, t => play(t, seed, 1_000));
}
