// A broker for tests, on ports of the system's choice, with raw services and ours.

import type { Test } from 'tap';
import type { BrokerOptions } from '../../../lib/broker/index.ts';
import { Broker } from '../../../lib/broker/index.ts';
import { Communicator } from '../../../lib/index.ts';
import { SteadyLogger } from '../../../lib/logging/index.ts';
import type { ServiceOptions } from '../../../lib/protocol/service/index.ts';
import { Service } from '../../../lib/protocol/service/index.ts';
import { LogBook, until } from '../../support/world.ts';
import { Raw } from '../raw.ts';

export interface BrokerStage {
  readonly broker: Broker;
  readonly communicator: Communicator;
  readonly log: LogBook;
  readonly address: string;
  /** A bare link. */
  raw(): Promise<Raw>;
  /** A bare link that has registered, as a C++ service does. */
  member(name: string, ...commands: string[]): Promise<Raw>;
  /** A service of ours that has registered. */
  service(name: string, options?: ServiceOptions, rules?: (service: Service) => unknown): Promise<Service>;
}

/** What every C++ service announces. */
const systemList = 'ALIVE,HELP,INVALID,LEAK,LOG_ROTATE,QUITTING,READY,RESTART,SERVICE_UNAVAILABLE,STOP,UNKNOWN';

export async function brokerStage(
  t: Test,
  options: Omit<Partial<BrokerOptions>, 'communicator'> = {},
  communicator: Communicator = new Communicator(),
): Promise<BrokerStage> {
  const log = new LogBook();
  Object.assign(communicator, { logger: new SteadyLogger(log, communicator.clock) });
  const broker = new Broker({ server: 'benchsrv', listen: ['tcp://127.0.0.1:0'], ...options, communicator });
  const [address = ''] = await broker.start();
  t.teardown(async () => {
    await broker.stop();
    await communicator.stop(50);
  });
  const raw = async (): Promise<Raw> => {
    const link = await Raw.dial(address);
    t.teardown(() => link.destroy());
    return link;
  };
  return {
    broker,
    communicator,
    log,
    address,
    raw,
    async member(name, ...commands) {
      const link = await raw();
      link.send(`REGISTER service=${name};version=1\n`);
      await link.line();
      await link.line();
      link.send(`COMMANDS list=${[systemList, ...commands].join(',')}\n`);
      await until('it is known', () => broker.status.services.some(one => one.name === name && one.status === 'up'));
      return link;
    },
    async service(name, given = {}, rules = () => undefined) {
      const own = new Communicator();
      const service = new Service(name, { broker: address, communicator: own, ...given });
      rules(service);
      t.teardown(() => own.stop(50));
      void service.run();
      await until(`${name} has started`, () => service.state === 'started');
      return service;
    },
  };
}
