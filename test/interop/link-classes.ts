// The classes of @clusterio/lib and @clusterio/slave 2.0.0-alpha.12, with as much of a type as the tests need.

import type { EventEmitter } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

type Data = Readonly<Record<string, unknown>>;

/** The transport of a real client: dials, registers, comes back. */
interface RealConnector extends EventEmitter {
  connect(): Promise<void>;
  close(code: number, reason: string): Promise<void>;
  setClosing(): void;
  sendHandshake(type: string, data: Data): void;
  register(): void;
  readonly connected: boolean;
}

/** One end of a link. */
export interface RealLink {
  readonly connector: RealConnector;
}

/** A request resolves with all that its response carries, `seq` too; an event gives nothing. */
interface RealMessage {
  send(link: RealLink, data?: Data): Promise<Data> | undefined;
}

interface LinkModule {
  readonly WebSocketClientConnector: new (url: string, maxReconnectDelay: number) => RealConnector;
  readonly Link: new (source: string, target: string, connector: RealConnector) => RealLink;
  readonly messages: Readonly<Record<string, RealMessage>>;
  attachAllMessages(link: RealLink): void;
}

interface SlaveModule {
  readonly _Slave: new (
    connector: RealConnector,
    config: RealConfig,
    tlsCa: null,
    plugins: readonly [],
  ) => RealSlaveLink;
}

export interface RealSlaveLink extends RealLink {
  shutdown(): Promise<void>;
  updateInstances(): Promise<void>;
}

interface RealConfig {
  get(field: string): unknown;
}

const load = createRequire(import.meta.url);
const { Link, WebSocketClientConnector, attachAllMessages, messages } = load('@clusterio/lib/link') as LinkModule;
const { _Slave: Slave } = load('@clusterio/slave/slave.js') as SlaveModule;
const { logger } = load('@clusterio/lib/logging') as { readonly logger: { silent: boolean } };
logger.silent = true;
const { finalizeConfigs } = load('@clusterio/lib/config') as { finalizeConfigs(): void };
finalizeConfigs();

const version = '2.0.0-alpha.12';
/** In seconds; the real pauses are random up to this. */
const pause = 0.2;

class Connector extends WebSocketClientConnector {
  readonly #register: readonly [type: string, data: Data];

  constructor(url: string, type: string, data: Data) {
    super(url, pause);
    this.#register = [type, data];
  }

  override register(): void {
    this.sendHandshake(...this.#register);
  }
}

/** A real client, and what its connector told. */
export class RealClient<L extends RealLink = RealLink> {
  readonly link: L;
  readonly told: string[] = [];
  /** Events of the master that came, by type. */
  readonly events: Data[] = [];
  error: Error | undefined;

  constructor(t: Test, link: L) {
    this.link = link;
    const { connector } = link;
    for (const what of ['hello', 'connect', 'drop', 'resume', 'invalidate', 'close']) {
      connector.on(what, () => this.told.push(what));
    }
    connector.on('error', error => {
      this.error = error as Error;
    });
    t.teardown(() => connector.setClosing());
  }

  /** Sends a message by the name that it has in their library. */
  async send(name: string, data: Data = {}): Promise<Data> {
    const message = messages[name];
    if (message === undefined) throw new Error(`there is no message ${name}`);
    return (await message.send(this.link, data)) ?? {};
  }

  /** Ends it as the real programs do. */
  async quit(reason: string): Promise<void> {
    const { connector } = this.link;
    connector.setClosing();
    await this.send('prepareDisconnect');
    await connector.close(1000, reason);
  }
}

/** Their control has no class of its own in these packages; this one has their link and all their messages. */
class Control extends Link {
  readonly events: Data[] = [];

  constructor(connector: RealConnector) {
    super('control', 'master', connector);
    attachAllMessages(this);
  }
}

for (const name of [
  'debugWsMessage',
  'accountUpdate',
  'logMessage',
  'slaveUpdate',
  'instanceUpdate',
  'saveListUpdate',
]) {
  Object.defineProperty(Control.prototype, `${name}EventHandler`, {
    async value(this: Control, { data }: { readonly data: Data }) {
      this.events.push(data);
    },
  });
}

export function realControl(t: Test, url: string, token: string): RealClient<Control> {
  const connector = new Connector(url, 'register_control', { token, agent: 'Clusterio Control', version });
  return new RealClient(t, new Control(connector));
}

/** Their slave, without the program around it. */
export function realSlave(t: Test, url: string, id: number, token: string): RealClient<RealSlaveLink> {
  const name = `node ${id}`;
  const data = { token, agent: 'Clusterio Slave', version, id, name, public_address: 'localhost', plugins: {} };
  // One for each: a slave whose folder goes away shuts down.
  const folder = mkdtempSync(join(tmpdir(), 'link-interop-'));
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const config = { 'slave.instances_directory': folder, 'slave.id': id };
  const connector = new Connector(url, 'register_slave', data);
  const get = (field: string): unknown => config[field as keyof typeof config];
  return new RealClient(t, new Slave(connector, { get }, null, []));
}
