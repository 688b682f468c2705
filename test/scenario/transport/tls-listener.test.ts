// A listener over TLS: who may by certificate, and certificates that are read again at RESTART.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { Channel } from '../../../lib/index.ts';
import { allow, Dispatcher, parseAddress, systemCommands, tls } from '../../../lib/index.ts';
import type { Identity } from '../../support/certificate.ts';
import { authority, clientIdentity, nextIdentity, otherIdentity, serverIdentity } from '../../support/certificate.ts';
import { until } from '../../support/world.ts';
import { stairsDispatcher, worldOf } from '../stairs.ts';

const never = new AbortController().signal;

interface Caller {
  readonly channel: Channel;
  readonly says: (line: string) => Promise<string>;
}

async function call(t: Test, address: string, identity?: Identity): Promise<Caller> {
  const channel = await tls({ ca: authority, ...identity }).dial(parseAddress(address), never);
  t.teardown(() => channel.destroy());
  let text = '';
  const quiet = (): void => undefined;
  channel.start({ data: chunk => (text += String(chunk)), drained: quiet, ended: quiet, closed: quiet });
  const says = async (line: string): Promise<string> => {
    text = '';
    channel.send(Buffer.from(`${line}\n`));
    await until(`an answer to ${line}`, () => text.endsWith('\n'));
    return text;
  };
  return { channel, says };
}

t.test('a command is for those with a certificate of a name', async t => {
  const { communicator } = worldOf(t, {
    transports: { tls: tls({ ...serverIdentity, ca: authority, clients: 'asked' }) },
  });
  const listener = communicator.listen('tls://127.0.0.1:0', {
    dispatcher: stairsDispatcher(communicator),
    allow: allow.all(
      allow.when(['DAD'], allow.certificate('worker-7')),
      allow.when(['MOM'], allow.certificate('boss', 'seven.example')),
    ),
  });
  const address = await listener.ready;
  const known = await call(t, address, clientIdentity);
  t.equal(await known.says('DAD'), 'CLIMB\n', 'by its common name');
  const other = await call(t, address, otherIdentity);
  const stranger = await call(t, address);
  for (const caller of [other, stranger]) {
    t.equal(await caller.says('DAD'), 'INVALID command=DAD;message=DAD is not allowed\n');
    t.equal(await caller.says('TOP'), 'WHO\n', 'the rest is for all');
  }
  t.equal(await known.says('MOM'), 'BYE\n', 'by another of its names');
});

t.test('at RESTART the certificate is read again, and links stay', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'tls-listener-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const write = ({ cert, key }: Identity): void => {
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key);
  };
  write(serverIdentity);
  const { communicator } = worldOf(t, { transports: { tls: tls({ files }) } });
  const dispatcher = new Dispatcher()
    .on('DAD', (message, peer) => peer.send(message.reply('CLIMB')))
    .use(
      systemCommands({
        restart: async (message, peer) => {
          await listener.reload();
          peer.send(message.reply('DONE'));
        },
      }),
    );
  const listener = communicator.listen('tls://127.0.0.1:0', { dispatcher });
  const address = await listener.ready;
  const before = await call(t, address);
  write(nextIdentity);
  t.equal(await before.says('RESTART'), 'DONE\n');
  t.equal(await before.says('DAD'), 'CLIMB\n', 'who was connected stays so');
  const after = await call(t, address);
  t.equal(await after.says('DAD'), 'CLIMB\n');
  t.not(after.channel.certificate?.fingerprint, before.channel.certificate?.fingerprint);
  writeFileSync(files.cert, 'no certificate');
  t.match(await after.says('RESTART'), /^INVALID /);
  const last = await call(t, address);
  t.equal(last.channel.certificate?.fingerprint, after.channel.certificate?.fingerprint, 'the old one stays');
});
