// The example of event paths: a board with notes, a chat, and who is here, live in each browser that opens the page. The
// page, the client that it uses, and the events come from one port.
//
//   page (qio-board/web) ◀─events─▶ server ─▶ people, board, chat, crossing   applications, each in its compartment
//                                     ║ backplane                   │
//                                   server of --peer ◀─moves to─────┘         the same room, on another port

import { Communicator, serviceLogger } from 'ed-communicator';
import type { Backplane, QioServer } from 'ed-communicator/qio';
import { localBackplane, qioServer } from 'ed-communicator/qio';
import { commandLine, exitCodes, packageVersion, runProgram, wholeNumber } from '../tools/command-line.ts';
import { boardApp } from './qio-board/board.ts';
import { chatApp } from './qio-board/chat.ts';
import { crossingApp } from './qio-board/crossing.ts';
import { page } from './qio-board/pages.ts';
import { peopleApp } from './qio-board/people.ts';
import { Room } from './qio-board/room.ts';

const program = {
  name: 'qio-board',
  summary: 'The example of event paths: a shared board and chat with presence, in your browser.',
  options: {
    port: { type: 'string', default: '8080', describe: 'Port of the page (0: one that is free)' },
    peer: { type: 'string', describe: 'Port of a second server with the same board, to move to' },
    host: { type: 'string', default: '127.0.0.1', describe: 'Address to listen on (0.0.0.0: from everywhere)' },
    'public-address': { type: 'string', describe: 'The name by which browsers know this machine (default the host)' },
    file: { type: 'string', describe: 'Keep notes and chat in this file, through restarts' },
    trace: { type: 'boolean', default: false, describe: 'Log more' },
    'log-file': { type: 'string', describe: 'Log into this file too, one JSON object a line' },
  },
  examples: [
    ['$0 --file board.json', 'Open http://127.0.0.1:8080/ in two windows; stop this, and start it again'],
    ['$0 --peer 8081', 'With a second server, which each page can be moved to'],
    ['$0 --host 0.0.0.0 --public-address 192.168.1.5', 'For a phone in the same network'],
  ],
} as const;

/** Browsers that do not leave by themselves are waited for so long, in ms. */
const patience = 800;

async function main(): Promise<number> {
  const options = await commandLine(program, process.argv.slice(2));
  if (options === undefined) return exitCodes.done;
  const { host, trace, 'log-file': file, 'public-address': publicAddress = host } = options;
  const ports = [wholeNumber('port', options.port, 0, 65_535)];
  if (options.peer !== undefined) ports.push(wholeNumber('peer', options.peer, 0, 65_535));
  const logger = await serviceLogger({ name: 'qio-board', level: trace ? 'debug' : 'info', file });
  logger.log('info', `version ${packageVersion}, process ${process.pid}`);

  const room = await Room.open(options.file);
  const communicator = new Communicator({ logger });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) communicator.signal(signal, () => communicator.stop(patience));

  const backplane = localBackplane();
  const places = new Map<QioServer, string>(); // where each server is, once it listens
  for (const port of ports) {
    const elsewhere = (): string | undefined => [...places].find(([other]) => other !== server)?.[1];
    const server = serverAt(`any://${host}:${port}`, { room, publicAddress, backplane: backplane(), elsewhere });
    communicator.add(server);
    const { port: found } = new URL(await server.ready); // or throws why it cannot listen
    places.set(server, `${publicAddress}:${found}`);
    process.stdout.write(`The board is at http://${publicAddress}:${found}/\n`);
  }
  const ended = await communicator.run(); // resolves when nothing is left to wait for
  return ended ? exitCodes.done : exitCodes.failed;
}

interface Surroundings {
  readonly room: Room;
  readonly publicAddress: string;
  readonly backplane: Backplane;
  /** The other server, as `host:port`. */
  readonly elsewhere: () => string | undefined;
}

function serverAt(address: string, { room, publicAddress, backplane, elsewhere }: Surroundings): QioServer {
  return qioServer(address, {
    apps: [peopleApp(room), boardApp(room), chatApp(room), crossingApp(elsewhere)],
    backplane,
    // Who has moved, and polls, does so from a page of the other port: for browsers that is another origin.
    web: { page, publicAddress, cors: '*' },
  });
}

await runProgram(program.name, main);
