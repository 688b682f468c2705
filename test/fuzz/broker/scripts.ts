// What hostile programs do at a broker, made from the seed and a number alone, as the scripts of the daemon (input/script.ts).
//
// Lines are those that services and their broker said when they were recorded, and attacks of each kind below; both as they
// are, and mutated. None knows the word that marks what the good services say.

import { Chance } from '../input/chance.ts';
import { corpus } from '../input/corpus.ts';
import { mutated } from '../input/mutator.ts';
import type { Key, Place, Script } from '../input/script.ts';

/** The services that lose nothing. */
export const goodNames = ['boss', 'worker', 'plain'] as const;
const keys = 24;
const odd = ['', '.', '*', '?', 'communicatord', 'guest_1', 'cluster', 'a/b', 'a:b', 'a b', '9', '__proto__', 'a\0b'];
const broken = ['\xed\xa0\x80', '\xc3\xa9', '"', '\\n', 'x'.repeat(256), 'x'.repeat(65_536)];
const commands = ['JOB', 'ADD', 'NOTE', 'TICK', 'NEWS', 'HELP', 'ALIVE', 'LOG_ROTATE', 'UNKNOWN', 'INVALID'];
const severe = ['STOP', 'SHUTDOWN', 'QUIT', 'RESTART', 'LEAK'];
const words = [
  ...['READY', 'QUITTING', 'DISCONNECTING', 'STATUS', 'SERVICE_STATUS', 'TRANSMISSION_REPORT', 'SERVICE_UNAVAILABLE'],
  ...['LOADAVG', 'CLUSTER_UP', 'CLUSTER_DOWN', 'CLOCK_STABLE', 'ACCEPT', 'CONNECT', 'REFUSE', 'FORGET', 'GOSSIP'],
];
const routes = [
  ...[
    '',
    'communicatord/',
    'fuzzed:communicatord/',
    '.:communicatord/',
    '*:communicatord/',
    '?:communicatord/',
    '*/',
    './',
  ],
  ...[
    '?/',
    '*:*/',
    '*:?/',
    '.:./',
    '?:*/',
    'fuzzed:*/',
    'other:communicatord/',
    'other:*/',
    'other:worker/',
    '.:x/',
    '?:x/',
  ],
];
const senders = [
  '',
  '',
  '<fuzzed:communicatord ',
  '<fuzzed:boss ',
  '<:boss ',
  '<fuzzed:plain ',
  '<x:y ',
  '<a-b:c ',
  '<fuzzed: ',
];
const wishes = [
  'no',
  'no;reply',
  'ttl=1h',
  'ttl=10s',
  'ttl=9',
  'ttl=-1',
  'ttl=1e9',
  'ttl=1d;reply',
  'ttl=',
  ';;;',
  'no;ttl=x',
];
const questions = [
  ...['HELP', 'ALIVE serial=1', 'LIST_SERVICES', 'LIST_SERVICES _request=1', 'CLUSTER_STATUS _request=1', 'PUBLIC_IP'],
  ...[
    'BROKER_STATUS _request=1',
    'BROKER_STATUS _request=1;after=x',
    'BROKER_STATUS _request=1;after=x:y',
    'LOG_ROTATE',
  ],
  ...[
    'REGISTER_FOR_LOADAVG',
    'UNREGISTER_FROM_LOADAVG',
    'SERVICE_STATUS service=boss',
    'READY',
    'QUITTING',
    'COMMANDS',
  ],
];

type Attack = (chance: Chance) => string;

const name = (chance: Chance): string =>
  chance.oneIn(5)
    ? chance.pick([...odd, ...broken])
    : chance.oneIn(3)
      ? chance.pick(goodNames)
      : `s${chance.below(5_000)}`;

const attacks: readonly Attack[] = [
  function register(chance) {
    const share = chance.oneIn(3)
      ? `;_share=${chance.pick(['first', 'round_robin', 'least_pending', 'bogus', ''])}`
      : '';
    const secret = chance.oneIn(4) ? `;password=${chance.hex(8)}` : '';
    return `REGISTER service=${name(chance)};version=${chance.pick(['1', '1', '1', '1', '2', 'x', ''])}${share}${secret}`;
  },
  chance => `UNREGISTER${chance.oneIn(2) ? ` service=${name(chance)}` : ''}`,
  function announce(chance) {
    const many = chance.oneIn(40) ? 100_000 : chance.between(1, 60);
    const list = Array.from({ length: many }, (_, at) => (at < 9 ? chance.pick(commands) : `C${chance.below(9_999)}`));
    return `COMMANDS list=${list.join(',')}`;
  },
  chance =>
    `${chance.pick(senders)}${chance.pick(routes)}${chance.pick(severe)}${chance.oneIn(3) ? ` secret_code=${chance.hex(4)}` : ''}`,
  function pose(chance) {
    const to = chance.oneIn(2) ? chance.pick(routes) : `${chance.pick(goodNames)}/`;
    return `${chance.pick(senders)}${to}${chance.pick(words)} command=JOB;status=failed;service=worker;destination_service=worker;unsent_command=JOB;avg=9;version=1`;
  },
  chance =>
    `${chance.pick(senders)}${chance.pick(goodNames)}/${chance.pick(commands)} n=${chance.below(99)};text=${chance.hex(20)}`,
  chance => `${chance.pick(goodNames)}/SUM is=9;_answer=${chance.oneIn(2) ? '@ASKED@' : chance.below(99)}`,
  chance => `${chance.pick(goodNames)}/JOB n=1;_once=${chance.oneIn(2) ? '@ASKED@' : chance.hex(12)}`,
  chance => `${name(chance)}/JOB cache="${chance.pick(wishes)}";text=${'x'.repeat(chance.between(1, 3_000))}`,
  chance => `${name(chance)}/JOB transmission_report=failure;cache=${chance.pick(wishes)}`,
  chance =>
    `${chance.pick(['*', '.', '?'])}/${chance.pick(['TICK', 'NEWS'])} broadcast_msgid=fuzzed-${chance.below(99)};n=1`,
  chance =>
    `*/NEWS broadcast_timeout=${chance.pick(['0', '', '9e99', 'x', '-1'])};broadcast_hops=9;text=${chance.hex(9)}`,
  chance => `ALIVE _session=@STOLEN@.@SECRET@.${chance.below(3)}`,
  chance => `REGISTER _session=@ID@.@SECRET@.1;service=${name(chance)};version=1`,
  chance => chance.pick(questions),
  chance => `guest_${chance.below(300)}/NEWS n=1`,
];

const places: readonly Place[] = ['tcp', 'tcp', 'unix', 'unix', 'unix', 'packets'];

export class BrokerScripts {
  readonly #seed: number;
  readonly #keys: readonly Key[];

  constructor(seed: number) {
    this.#seed = seed;
    this.#keys = Array.from({ length: keys }, (_, at) => {
      const chance = new Chance(seed, 'broker key', at);
      return { id: chance.hex(16), secret: chance.hex(32) };
    });
  }

  client(number: number): Script {
    const chance = new Chance(this.#seed, 'broker', number);
    const place = chance.pick(places);
    const lines = [...opening(chance), ...rest(chance)];
    return {
      number,
      place,
      lines: place === 'packets' ? lines.slice(0, 40) : lines,
      chunking: chance.pick(['whole', 'whole', 'whole', 'lines', 'random', 'small']),
      reading: chance.pick(['all', 'all', 'all', 'slow', 'none']),
      ending: chance.pick(['end', 'half', 'destroy', 'destroy', 'reset', 'wait']),
      manner: chance.oneIn(4) ? 'listens' : 'rushes',
      key: chance.pick(this.#keys),
      chance,
    };
  }
}

/** Some register in good order, so that they come further; some come back with a session. */
function opening(chance: Chance): string[] {
  if (chance.oneIn(3)) return [];
  const session = chance.oneIn(3) ? '_session=@ID@.@SECRET@.1;' : '';
  const share = chance.oneIn(5) ? ';_share=first' : '';
  return [
    `REGISTER ${session}service=s${chance.below(300)};version=1${share}`,
    `COMMANDS list=${commands.join(',')},READY`,
  ];
}

function rest(chance: Chance): string[] {
  const gentle = chance.oneIn(3);
  const one = chance.oneIn(4) ? chance.pick(attacks) : undefined;
  const count = chance.oneIn(15) ? chance.between(100, 1_000) : chance.between(1, 80);
  return Array.from({ length: count }, () => {
    const line = chance.oneIn(5) ? chance.pick(corpus) : (one ?? chance.pick(attacks))(chance);
    return gentle || chance.oneIn(2) ? line : mutated(line, chance, corpus);
  });
}
