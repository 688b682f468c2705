// A real nats-server for tests, on a port of the system's choice. Where the binary is absent, tests say skipped, and why.

import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin'];
/** Where the program is. */
export const natsBinary: string | undefined = folders
  .map(folder => join(folder, 'nats-server'))
  .find(path => existsSync(path));

/** For tap's `skip`: false where nats-server is there, else the reason. */
export const noNats: false | string =
  natsBinary === undefined ? 'nats-server is not installed (Debian: apt-get install nats-server)' : false;

export interface NatsServerOptions {
  /** Lines for its configuration. */
  readonly config?: string;
  readonly scheme?: 'nats' | 'tls';
  /** @default 'on' */
  readonly jetstream?: 'on' | 'off';
}

export class NatsServer {
  readonly folder: string;
  readonly #config: string;
  readonly #scheme: string;
  #child: ChildProcess | undefined;
  #port = -1;

  private constructor(folder: string, { config = '', scheme = 'nats', jetstream = 'on' }: NatsServerOptions) {
    this.folder = folder;
    this.#config = jetstream === 'on' ? `jetstream { store_dir: "${folder}/js" }\n${config}\n` : config;
    this.#scheme = scheme;
  }

  /** Starts one; unless told otherwise with JetStream. */
  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const server = new NatsServer(await mkdtemp(join(tmpdir(), 'nats-')), options);
    await server.again();
    return server;
  }

  get address(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Starts it on the port that it had before, with the memory that it had. */
  async again(): Promise<void> {
    const file = join(this.folder, 'server.conf');
    await writeFile(file, this.#config);
    const args = ['-c', file, '-a', '127.0.0.1', '-p', String(this.#port), '--ports_file_dir', this.folder];
    this.#child = spawn(natsBinary ?? 'nats-server', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const { pid } = this.#child;
    const ports = await waitFor(async () => {
      if (this.#child?.exitCode !== null) throw new Error(`nats-server has ended: ${said}`);
      const name = (await readdir(this.folder)).find(entry => entry.endsWith(`_${pid}.ports`));
      const text = name === undefined ? '' : await readFile(join(this.folder, name), 'utf8');
      return text.includes('"nats"') && said.includes('Server is ready') ? text : undefined;
    });
    const [address = ''] = (JSON.parse(ports) as { nats: string[] }).nats;
    this.#port = Number(address.slice(address.lastIndexOf(':') + 1));
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return;
    const over = new Promise(resolve => child.once('exit', resolve));
    child.kill('SIGKILL');
    await over;
  }

  /** Tells it to send its clients elsewhere and to end, as an operator does. */
  async lameDuck(): Promise<void> {
    await promisify(execFile)(natsBinary ?? 'nats-server', ['--signal', `ldm=${this.#child?.pid}`]);
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** Stops its clock: sockets stay open, nothing is answered. Resolves when all its threads stand still. */
  async freeze(): Promise<void> {
    this.#child?.kill('SIGSTOP');
    const tasks = `/proc/${this.#child?.pid}/task`;
    const stopped = async (): Promise<true | undefined> => {
      const threads = await readdir(tasks);
      const stats = await Promise.all(threads.map(thread => readFile(join(tasks, thread, 'stat'), 'utf8')));
      return stats.every(stat => /\) T /.test(stat)) || undefined;
    };
    await waitFor(stopped);
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async end(): Promise<void> {
    this.thaw();
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function waitFor<T>(look: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + 15_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error('waited in vain for nats-server');
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
