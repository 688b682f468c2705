// communicatord of a cluster, as a program of its own, and what it says of itself.

import type { Test } from 'tap';
import type { BrokerStatus } from '../../lib/broker/index.ts';
import { BrokerLine } from '../../tools/broker-question.ts';
import { folderOf } from '../support/folder.ts';
import type { Program } from '../support/programs.ts';
import { start } from '../support/programs.ts';
import { Raw } from './raw.ts';

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
