import { createSocket } from 'node:dgram';
import { linkSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Address } from '../../../lib/index.ts';
import { parseAddress, tcp, tls, udp, unix } from '../../../lib/index.ts';
import { systemReason } from '../../../lib/transport/reasons.ts';

const never = new AbortController().signal;

/** What it says, without the system's own words. */
async function said(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    return (error as Error).message.replace(/ \((?:connect|recvmsg|send|getaddrinfo) E.*\)$/, ' (…)');
  }
  return 'nothing';
}

/** A port of TCP and UDP that nobody listens on. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise(resolve => server.close(resolve));
  const socket = createSocket('udp4').bind(port, '127.0.0.1');
  await new Promise(resolve => socket.once('listening', resolve));
  await new Promise<void>(resolve => socket.close(resolve));
  return port;
}

t.test('who cannot be reached is told in words, with what to look at', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'reasons-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const dead = join(folder, 'dead.sock');
  const server = net.createServer().listen(dead);
  await new Promise(resolve => server.once('listening', resolve));
  const other = join(folder, 'file');
  linkSync(dead, other);
  await new Promise(resolve => server.close(resolve));
  const at = (address: string): Address => parseAddress(address, 'tcp');
  const port = await freePort();
  const rows: readonly (readonly [() => Promise<unknown>, string])[] = [
    [
      () => unix().dial(at(`unix:${dead}`), never),
      `cannot reach unix:${dead}: there is no such socket; is its program started, and the path right? (…)`,
    ],
    [
      () => unix().dial(at(`unix:${other}`), never),
      `cannot reach unix:${other}: nobody listens on that socket any more; is its program started? (…)`,
    ],
    [
      () => unix().dial(at(`unix:${other}/x`), never),
      `cannot reach unix:${other}/x: a part of the path is no folder (…)`,
    ],
    [
      () => tcp().dial(at(`tcp://127.0.0.1:${port}`), never),
      `cannot reach tcp://127.0.0.1:${port}: nobody listens there; is its program started? (…)`,
    ],
    [
      () => tls().dial(at(`tls://127.0.0.1:${port}`), never),
      `cannot reach tls://127.0.0.1:${port}: nobody listens there; is its program started? (…)`,
    ],
    [
      () => udp().sendOnce(Buffer.from('HI'), at(`udp://127.0.0.1:${port}`)),
      `cannot send to udp://127.0.0.1:${port}: nobody listens there; is its program started? (…)`,
    ],
  ];
  for (const [attempt, words] of rows) t.equal(await said(attempt()), words);
});

t.test('of several addresses each reason is told once, and what has no words stays as it is', async t => {
  const refused = (address: string): Error =>
    Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED', syscall: 'connect', port: 1 });
  const words = 'nobody listens there; is its program started?';
  t.equal(
    systemReason(new AggregateError([refused('::1:1'), refused('127.0.0.1:1'), refused('::1:1')])),
    `${words} (connect ECONNREFUSED ::1:1), ${words} (connect ECONNREFUSED 127.0.0.1:1)`,
  );
  t.equal(systemReason(new Error('odd')), 'odd');
  t.equal(systemReason('odder'), 'odder');
  const spawned = Object.assign(new Error('spawn x ENOENT'), { code: 'ENOENT', syscall: 'spawn x' });
  t.equal(systemReason(spawned), 'there is no such program (spawn x ENOENT)');
});
