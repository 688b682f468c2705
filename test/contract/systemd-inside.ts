// A process that was given sockets: the contract over them, and what is told where one is not as it should be. Started by
// systemd.test.ts, which counts what it says.

import { execFileSync } from 'node:child_process';
import dgram from 'node:dgram';
import t from 'tap';
import type { Channel, Transport } from '../../lib/index.ts';
import { formatAddress, packetTransport, parseAddress, streamTransport, tcp, unix } from '../../lib/index.ts';
import { settled } from '../../lib/testkit/virtual-clock.ts';
import { until } from '../support/world.ts';
import { hello, listenTo, never, pairOf } from './ear.ts';
import { carryOn } from './places.ts';
import { transportContract } from './transport.ts';

const streams = await streamTransport(parseAddress('systemd:any'), {});
const packets = await packetTransport(parseAddress('systemd:any'));
const dialers = { tcp: tcp(), unix: unix() };
const deaf = { accept: (): void => undefined, trouble: (): void => undefined };
const quiet = { packet: (): void => undefined, trouble: (): void => undefined };

for (const kind of ['tcp', 'unix'] as const) {
  let last = 0;
  const transport: Transport = { listen: streams.listen, dial: dialers[kind].dial };
  const address = (): ReturnType<typeof parseAddress> => {
    last += 1;
    return parseAddress(`systemd:${kind}-${last}`);
  };
  transportContract(`${kind} from a service manager`, { transport, address, shared: 'no' });
}

const adopting: Transport = { listen: streams.listen, dial: dialers.tcp.dial };

t.test('the address is the one that others dial, and where peers come from is told', async t => {
  const { listening, near, far } = await pairOf(adopting, parseAddress('systemd:named'));
  t.match(formatAddress(listening.address), /^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
  t.match(far.remote, /^tcp:\/\/127\.0\.0\.1:\d+$/);
  near.destroy();
  far.destroy();
  listening.close();
  const file = await streams.listen(parseAddress('systemd:file'), deaf);
  t.match(formatAddress(file.address), /^unix:\/.*\/file$/);
  file.close();
});

t.test('a socket is taken once, by its name or by its descriptor', async t => {
  const fd = Number(process.argv[2]);
  const listening = await streams.listen(parseAddress(`systemd:${fd}`), deaf);
  const already = {
    code: 'LISTEN_FAILED',
    message: /^cannot listen on systemd:\S+: this process listens there.*already$/,
  };
  await t.rejects(streams.listen(parseAddress('systemd:numbered'), deaf), already);
  await t.rejects(streams.listen(parseAddress(`systemd:${fd}`), deaf), already);
  listening.close();
  await settled();
  await t.rejects(streams.listen(parseAddress('systemd:numbered'), deaf), already, 'closed is given up');
});

t.test('closing the place refuses new connections where nobody else holds it, the accepted ones live on', async t => {
  const { near, far, listening } = await pairOf(adopting, parseAddress('systemd:closing'));
  const [a, b] = [listenTo(near), listenTo(far)];
  listening.close();
  await settled();
  await t.rejects(adopting.dial(listening.address, never), { code: 'DIAL_FAILED', message: /ECONNREFUSED/ });
  await carryOn({ near, far }, [a, b]);
});

t.test('packets come in, and are answered, over IPv4 and IPv6', async t => {
  for (const name of ['packets', 'packets-6']) {
    const heard: string[] = [];
    const socket = await packets.bind(parseAddress(`systemd:${name}`), {
      packet: (bytes, from) => {
        heard.push(bytes.toString());
        void socket.send(Buffer.from('answer'), from);
      },
      trouble: error => t.fail(error.message),
    });
    t.match(formatAddress(socket.address), /^udp:\/\/(?:127\.0\.0\.1|\[::1\]):[1-9]\d*$/);
    const { host, port } = socket.address;
    const asker = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
    let answer = '';
    asker.on('message', bytes => {
      answer = bytes.toString();
    });
    asker.send('question', port, host);
    await until('the answer comes', () => answer === 'answer');
    t.same(heard, ['question']);
    asker.close();
    socket.close();
  }
});

t.test('what is not as it should be is said in one line', async t => {
  const listen = (name: string): Promise<unknown> => streams.listen(parseAddress(`systemd:${name}`), deaf);
  const bind = (name: string): Promise<unknown> => packets.bind(parseAddress(`systemd:${name}`), quiet);
  const failed = (message: RegExp): { code: string; message: RegExp } => ({ code: 'LISTEN_FAILED', message });
  await t.rejects(
    listen('nowhere'),
    failed(/^cannot listen on systemd:nowhere: no socket has this name: there is 3 \("/),
  );
  await t.rejects(listen('2'), failed(/no socket has this name/), 'descriptor 2 was not passed');
  await t.rejects(listen('twice'), failed(/: 2 sockets have this name; write \d+ or \d+$/));
  await t.rejects(listen('wrong-packets'), failed(/: descriptor \d+: it is no stream socket but a datagram socket$/));
  await t.rejects(bind('wrong-stream'), failed(/: descriptor \d+: it is no datagram socket$/));
  await t.rejects(bind('wrong-file'), failed(/: descriptor \d+: it is no datagram socket but a stream socket$/));
  await t.rejects(listen('text'), failed(/: descriptor \d+: it is no socket$/));
  await t.rejects(bind('text'), failed(/: descriptor \d+: it is no socket$/));
  await t.rejects(listen('connection'), failed(/: it is a connection, and does not listen \(Accept=yes\?\)$/));
  await t.rejects(streams.dial(parseAddress('systemd:named'), never), {
    code: 'DIAL_FAILED',
    message: /^cannot reach systemd:named: dial the socket's own address$/,
  });
  await t.rejects(packets.sendOnce(hello, parseAddress('systemd:packets')), { code: 'CLOSED' });
});

t.test('what was asked for in a wrong way can be had in the right one', async t => {
  const socket = await packets.bind(parseAddress('systemd:wrong-packets'), quiet);
  t.equal(socket.address.scheme, 'udp');
  socket.close();
  const channels: Channel[] = [];
  const listening = await streams.listen(parseAddress('systemd:wrong-stream'), {
    ...deaf,
    accept: one => channels.push(one),
  });
  const near = await dialers.tcp.dial(listening.address, never);
  await until('it is accepted', () => channels.length === 1);
  for (const channel of [near, ...channels]) channel.destroy();
  listening.close();
});

t.test('children get neither the variables nor the sockets', async t => {
  t.same(
    Object.keys(process.env).filter(name => name.startsWith('LISTEN_')),
    [],
  );
  const links = execFileSync('/bin/sh', ['-c', 'env; ls -l /proc/self/fd'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  }).toString();
  t.notMatch(links, /LISTEN_/);
  t.notMatch(links, / [3-9]\d* -> socket/);
  t.match(links, / 1 -> /, 'the descriptors were listed');
});
