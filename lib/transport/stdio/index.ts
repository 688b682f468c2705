// Streams over standard input and output: of a child, `stdio:command and words`, which each dial starts anew, or our
// own, `stdio:-`. Nobody can listen there.
//
// A child is asked to end by the end of its input. Who is still there after the linger of `close`, or after `destroy`,
// gets SIGTERM, and SIGKILL a while later. Its standard error is ours.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Address } from '../../base/address.ts';
import { formatAddress } from '../../base/address.ts';
import { NetworkError } from '../../base/errors.ts';
import type { Given } from '../../base/options.ts';
import { inRange, withDefaults } from '../../base/options.ts';
import { dialFailed } from '../socket-channel.ts';
import type { Channel, Transport } from '../transport.ts';
import { StdioChannel } from './channel.ts';

export interface StdioOptions {
  /** Folder that children run in. @default that of this process */
  readonly cwd: string | undefined;
  /** Variables added to those of this process; `undefined` takes one away. @default none */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Between SIGTERM and SIGKILL, in ms. @default 5_000 */
  readonly kill: number;
}

const defaults: StdioOptions = { cwd: undefined, env: {}, kill: 5_000 };

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE */
export function stdio(options: Given<StdioOptions> = {}): Transport {
  const settings = withDefaults<StdioOptions>('stdio', defaults, options);
  inRange('kill', settings.kill, 0, Number.MAX_SAFE_INTEGER);
  return {
    async dial(address, signal) {
      if (signal.aborted) throw signal.reason;
      if (address.path !== '-') return dialChild(address, signal, settings);
      return new StdioChannel(process.stdin, ownOutput(), 'stdio:-', () => undefined);
    },
    async listen(address) {
      throw new NetworkError('LISTEN_FAILED', `cannot listen on ${formatAddress(address)}: a child does not dial`);
    },
  };
}

/** `process.stdout` never closes what is under it, and the other side would wait for the end. */
function ownOutput(): Writable {
  try {
    return new Socket({ fd: 1, readable: false, writable: true });
  } catch {
    return process.stdout; // a file or a terminal
  }
}

async function dialChild(address: Address, signal: AbortSignal, { cwd, env, kill }: StdioOptions): Promise<Channel> {
  const [file = '', ...words] = address.path.split(' ').filter(word => word !== '');
  const remote = formatAddress(address);
  const child = spawn(file, words, {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
  });
  await started(child, remote, signal);
  return new StdioChannel(child.stdout as Readable, child.stdin as Writable, remote, () => end(child, kill));
}

function started(child: ChildProcess, remote: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      child.kill('SIGKILL');
      reject(signal.reason);
    };
    signal.addEventListener('abort', aborted, { once: true });
    const settle = (): void => signal.removeEventListener('abort', aborted);
    child.once('spawn', () => {
      settle();
      resolve();
    });
    child.on('error', error => {
      settle();
      reject(dialFailed(remote, error));
    });
  });
}

/** The stream is closed: the child should be about to end. */
function end(child: ChildProcess, kill: number): void {
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  if (!running()) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), kill);
  child.once('exit', () => clearTimeout(timer));
}
