// The servers of `throughput` and `ping`: ours, and the least that node:net can do. Both take lines on any number
// of connections, at 127.0.0.1.

import type { AddressInfo, Socket } from 'node:net';
import net from 'node:net';
import { Communicator, Dispatcher } from '../../../lib/index.ts';
import type { Abilities } from '../child.ts';
import { serve } from '../child.ts';
import { Round } from './round.ts';

function ours(dispatcher: Dispatcher, abilities: Abilities = {}): Abilities {
  const communicator = new Communicator();
  const listener = communicator.listen('tcp://127.0.0.1:0', { dispatcher });
  return { ...abilities, address: async () => ({ port: Number(new URL(await listener.ready).port) }) };
}

function bare(accepted: (socket: Socket) => void, abilities: Abilities = {}): Abilities {
  const server = net.createServer({ noDelay: true }, accepted).listen(0, '127.0.0.1');
  const listening = new Promise(resolve => server.once('listening', resolve));
  const port = (): number => (server.address() as AddressInfo).port;
  return { ...abilities, address: async () => listening.then(() => ({ port: port() })) };
}

function ourEvents(): Abilities {
  const round = new Round();
  const dispatcher = new Dispatcher().on('EVENT', message => {
    round.begin();
    round.count(message.integer('id') + message.string('text').length);
  });
  return ours(dispatcher, { round: ({ count = 0 }) => round.of(count) });
}

/** Splits lines and counts them, nothing else. */
function bareEvents(): Abilities {
  const round = new Round();
  const accepted = (socket: Socket): void => {
    let rest = '';
    socket.on('data', chunk => {
      round.begin();
      const text = rest + chunk.toString('latin1');
      let start = 0;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
        round.count(end - start);
        start = end + 1;
      }
      rest = text.slice(start);
    });
    socket.on('error', () => undefined);
  };
  return bare(accepted, { round: ({ count = 0 }) => round.of(count) });
}

function ourPing(): Abilities {
  return ours(new Dispatcher().on('PING', (message, peer) => peer.send(message.reply('PONG'))));
}

function barePing(): Abilities {
  return bare(socket => {
    let rest = '';
    socket.on('data', chunk => {
      const text = rest + chunk.toString('latin1');
      let start = 0;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
        if (text.slice(start, end) === 'PING') socket.write('PONG\n');
        start = end + 1;
      }
      rest = text.slice(start);
    });
    socket.on('error', () => undefined);
  });
}

serve({ 'our-events': ourEvents, 'bare-events': bareEvents, 'our-ping': ourPing, 'bare-ping': barePing });
