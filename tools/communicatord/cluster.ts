// The way to the brokers of other machines, from the command line. Secrets come from files, which are read again at each dial,
// or within the addresses, where everybody who sees the processes of the machine would see them: so they are taken out of
// what is shown there.

import type { NatsClusterOptions } from '../../lib/broker/index.ts';
import { NatsCluster } from '../../lib/broker/index.ts';
import type { Communicator, NatsOptions } from '../../lib/index.ts';
import { wholeNumber, wrong } from '../command-line.ts';

export const clusterOptions = {
  cluster: {
    type: 'string',
    describe: 'NATS servers, nats://[user:password@]host:4222[,…]: the way to brokers of other machines',
  },
  'cluster-user': { type: 'string', describe: 'Our name for NATS' },
  'cluster-password-file': { type: 'string', describe: 'File with its password' },
  'cluster-token-file': { type: 'string', describe: 'File with a token for NATS' },
  'cluster-credentials': { type: 'string', describe: 'A .creds file for NATS' },
  'cluster-authority': { type: 'string', describe: 'PEM file: NATS must show a certificate of this authority' },
  'cluster-certificate': { type: 'string', describe: 'PEM file: our certificate for NATS' },
  'cluster-key': { type: 'string', describe: 'PEM file with its key' },
  'cluster-network': { type: 'string', describe: 'Private broadcasts (?) reach brokers of the same network' },
  'cluster-copies': {
    type: 'string',
    describe: 'NATS servers that hold a copy of what waits for absent services, 1 to 5 (default 1)',
  },
} as const;

type Given = { readonly [K in keyof typeof clusterOptions]?: string | undefined };
type Login = NonNullable<NatsOptions['login']>;

export interface Way {
  readonly servers: string[];
  readonly login?: Login | undefined;
}

/** The cluster that was asked for; undefined where none was. @throws UsageError for what does not go together */
export function clusterOf(given: Given, communicator: Communicator, name: string): NatsCluster | undefined {
  const { cluster, 'cluster-network': network, 'cluster-copies': copies } = given;
  if (cluster === undefined) {
    const other = Object.keys(clusterOptions).find(option => given[option as keyof Given] !== undefined);
    if (other !== undefined) throw wrong(`--${other} is for --cluster, which is not given`);
    return undefined;
  }
  const way = readServers(cluster);
  const login = loginOf(given, way.login);
  const kept: NatsClusterOptions['kept'] =
    copies === undefined ? undefined : { copies: wholeNumber('cluster-copies', copies, 1, 5) };
  const nats = communicator.nats(way.servers, { name, login, tls: tlsOf(given) });
  // What is shown of the processes of this machine is this from now on, and not our command line.
  if (way.login !== undefined) process.title = name;
  return new NatsCluster(nats, { network, kept });
}

/**
 * Takes the login out of `nats://user:password@host`, or `nats://token@host`. No error repeats the text: a part of a password
 * may be taken for a host.
 * @throws UsageError
 */
function readServers(text: string): Way {
  const found = text.split(',').map(one => {
    const [, scheme = '', login, place = ''] = /^(\s*[a-z][a-z0-9+-]*:\/\/)?(?:(.*)@)?(.*)$/s.exec(one) ?? [];
    return { server: `${scheme}${place}`, login };
  });
  const servers = found.map(({ server }) => server);
  const logins = new Set(found.flatMap(({ login }) => (login === undefined ? [] : [login])));
  const [login] = logins;
  if (login === undefined) return { servers };
  if (logins.size > 1) throw wrong('--cluster holds two logins: all its servers are asked with one');
  const plain = /^\s*(?:(?:nats|tls):\/\/)?(?:[\w.-]+|\[[\dA-Fa-f:.]+\])(?::\d{1,5})?\/?\s*$/;
  const [user = '', password, ...rest] = login.split(':').map(unescaped);
  if (user === '' || rest.length > 0 || !servers.every(server => plain.test(server))) {
    throw wrong(
      '--cluster cannot be read: write nats://user:password@host:port, and in the password %40 for @, %3A for :, %2C for ,',
    );
  }
  return { servers, login: password === undefined ? { token: user } : { user, password } };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong('--cluster: the user or the password has a % that begins no escape; write %25 for %');
  }
}

function loginOf(given: Given, inside: Login | undefined): Login | undefined {
  const {
    'cluster-user': user,
    'cluster-password-file': passwordFile,
    'cluster-token-file': tokenFile,
    'cluster-credentials': credentialsFile,
  } = given;
  if (passwordFile !== undefined && user === undefined) throw wrong('--cluster-password-file needs --cluster-user');
  const ways: Login[] = [];
  if (inside !== undefined) ways.push(inside);
  if (user !== undefined) ways.push({ user, passwordFile });
  if (tokenFile !== undefined) ways.push({ tokenFile });
  if (credentialsFile !== undefined) ways.push({ credentialsFile });
  if (ways.length < 2) return ways[0];
  throw wrong(
    'there are two logins for NATS: give one of --cluster-user, --cluster-token-file, --cluster-credentials, or one in --cluster',
  );
}

function tlsOf(given: Given): NatsOptions['tls'] {
  const { 'cluster-authority': ca, 'cluster-certificate': cert, 'cluster-key': key } = given;
  if ((cert === undefined) !== (key === undefined)) throw wrong('--cluster-certificate and --cluster-key go together');
  return ca === undefined && cert === undefined ? undefined : { files: { ca, cert, key } };
}
