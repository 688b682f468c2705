// The real programs of Clusterio 2.0.0-alpha.12 (npm), each run in a folder of its own, with its own configuration,
// database and log.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { until } from '../support/world.ts';

const find = createRequire(import.meta.url);
const programs = { master: '@clusterio/master/master.js', slave: '@clusterio/slave/slave.js' };

interface Configuration {
  readonly groups: { readonly name: string; readonly fields: Record<string, unknown> }[];
}

/** One run of a program, to its end. */
class Run {
  text = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(program: keyof typeof programs, folder: string, words: readonly string[]) {
    this.child = spawn(process.execPath, [find.resolve(programs[program]), '--log-level', 'verbose', ...words], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_V8_COVERAGE: '', NODE_OPTIONS: '' },
    });
    const heard = (chunk: unknown): void => {
      this.text += String(chunk);
    };
    this.child.stdout?.on('data', heard);
    this.child.stderr?.on('data', heard);
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** Waits for a line; false where the program ends without it. */
  async says(pattern: RegExp): Promise<boolean> {
    const { child } = this;
    const over = (): boolean => child.exitCode !== null || child.signalCode !== null;
    await until(`${String(pattern)} in:\n${this.text}`, () => pattern.test(this.text) || over(), 20_000);
    return pattern.test(this.text);
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** A program with its folder; killed, and its folder removed, at the end of the test. */
class Program {
  readonly #kind: keyof typeof programs;
  readonly #folder: string;
  #run: Run | undefined;

  protected constructor(t: Test, kind: keyof typeof programs) {
    this.#kind = kind;
    this.#folder = mkdtempSync(join(tmpdir(), 'link-interop-'));
    t.teardown(async () => {
      await this.end('SIGKILL');
      await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
    });
  }

  /** What the present run, or the last one, has said. */
  get text(): string {
    return this.#run?.text ?? '';
  }

  /** Sends the signal, and gives the exit code. */
  async end(signal: 'SIGINT' | 'SIGKILL'): Promise<number | null> {
    return this.#run?.end(signal) ?? null;
  }

  async says(pattern: RegExp): Promise<boolean> {
    return (await this.#run?.says(pattern)) ?? false;
  }

  /** Runs one of its tools to the end; gives the last line. */
  protected async tool(...words: string[]): Promise<string> {
    const run = new Run(this.#kind, this.#folder, words);
    const code = await run.ended;
    if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}:\n${run.text}`);
    return run.text.trim().split('\n').at(-1) ?? '';
  }

  /** Changes its configuration; gives all of it. */
  protected async configure(fields: Record<string, unknown>): Promise<Record<string, unknown>> {
    const path = join(this.#folder, `config-${this.#kind}.json`);
    const all = JSON.parse(await readFile(path, 'utf8')) as Configuration;
    const group = all.groups.find(({ name }) => name === this.#kind)?.fields ?? {};
    Object.assign(group, fields);
    await writeFile(path, JSON.stringify(all));
    return group;
  }

  /** Starts it; false where it ended before it said that it runs. */
  protected async begin(runs: RegExp): Promise<boolean> {
    const run = new Run(this.#kind, this.#folder, ['run']);
    this.#run = run;
    return run.says(runs);
  }
}

/** How long the real master remembers a session, and its heartbeats, in seconds. */
export interface MasterSession {
  readonly timeout?: number;
  readonly heartbeat?: number;
}

/** The user that may do everything. */
export const admin = 'tester';

export class RealMaster extends Program {
  #secret = '';
  #port = 0;
  #userToken = '';

  static async start(t: Test, session: MasterSession = {}): Promise<RealMaster> {
    const master = new RealMaster(t, 'master');
    await master.tool('bootstrap', 'create-admin', admin);
    master.#secret = String((await master.configure({ bind_address: '127.0.0.1' })).auth_secret);
    master.#userToken = await master.tool('bootstrap', 'generate-user-token', admin);
    await master.again(session);
    return master;
  }

  /** Starts (again), on a port that is free. */
  async again({ timeout = 20, heartbeat = 1 }: MasterSession = {}): Promise<void> {
    await this.configure({ session_timeout: timeout, heartbeat_interval: heartbeat });
    for (let attempt = 0; attempt < 5; attempt += 1) {
      this.#port = this.#port === 0 ? await freePort() : this.#port;
      await this.configure({ http_port: this.#port });
      if (await this.begin(/Started master/)) return;
      if (!this.text.includes('EADDRINUSE')) break;
      this.#port = 0;
    }
    throw new Error(`the master does not start:\n${this.text}`);
  }

  /** For proxies. */
  get place(): string {
    return `tcp://127.0.0.1:${this.#port}`;
  }

  /** What its tokens are signed with. */
  get secret(): string {
    return this.#secret;
  }

  /** Of the user that may do everything, made by its own tool. */
  get userToken(): string {
    return this.#userToken;
  }

  /** Made by its own tool. */
  nodeToken(id: number): Promise<string> {
    return this.tool('bootstrap', 'generate-slave-token', String(id));
  }
}

export interface SlaveSettings {
  readonly id: number;
  readonly name: string;
  readonly master_url: string;
  readonly master_token: string;
}

export class RealSlave extends Program {
  static async start(t: Test, settings: SlaveSettings): Promise<RealSlave> {
    const slave = new RealSlave(t, 'slave');
    // Its pauses are up to 60 s unless told otherwise.
    await slave.tool('config', 'set', 'slave.max_reconnect_delay', '0.2');
    await slave.configure({ ...settings });
    await slave.begin(/connecting to/);
    return slave;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
