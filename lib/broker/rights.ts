// Who may do what. Whoever talks to the broker has the rights of its place (this machine, or elsewhere) and those of the user
// that it shows to be: by its client certificate, or by a secret (`password` on REGISTER, `secret_code` on any message).
//
//   register   take a service name
//   send       say anything to services, and ask the broker
//   control    STOP, SHUTDOWN, RESTART, QUIT and LEAK to the broker, or to all; the words of a broker to anybody else

import { isLocal } from '../base/address.ts';
import { UsageError } from '../base/errors.ts';
import type { Given } from '../base/options.ts';
import { refuseUnknown, withDefaults } from '../base/options.ts';
import type { Allow, Visitor } from '../dispatcher/index.ts';
import { allow, secretMatches } from '../dispatcher/index.ts';
import { Message } from '../message/index.ts';
import { brokerName } from '../protocol/service/index.ts';
import type { Party } from './services/party.ts';
import { partyOf } from './services/party.ts';

export type Right = 'register' | 'send' | 'control';

export interface BrokerUser {
  /** Proves who it is; keep it long. @default none */
  readonly secret?: string | undefined;
  /** A name in its client certificate, which a `tls:` listener has trusted. @default none */
  readonly certificate?: string | undefined;
  readonly may: readonly Right[];
  /** Names that this user alone may register. @default any that is nobody's */
  readonly services?: readonly string[] | undefined;
}

export interface AccessOptions {
  readonly users: { readonly [name: string]: BrokerUser };
  /** For all on this machine. @default register, send */
  readonly local: readonly Right[];
  /** For all others. @default nothing */
  readonly others: readonly Right[];
  /** Rules of one's own, asked after the rights: `allow.when(['DEPLOY'], allow.certificate('ops'))`. @default everything */
  readonly allow: Allow;
}

const defaults: AccessOptions = { users: {}, local: ['register', 'send'], others: [], allow: () => true };
const rights: ReadonlySet<string> = new Set(['register', 'send', 'control']);
/** What ends or harms programs: to the broker or to all it needs `control`; to one service, `control` or this machine. */
const severe: ReadonlySet<string> = new Set(['STOP', 'SHUTDOWN', 'RESTART', 'QUIT', 'LEAK']);
/**
 * What only a broker says: C++ services act on these whoever sent them. Said to one service or to all, they need `control`;
 * to the broker they do nothing.
 */
const brokersWords: ReadonlySet<string> = new Set([
  'BROKER_STATUS_IS',
  'CLOCK_STABLE',
  'CLOCK_UNSTABLE',
  'CLUSTER_COMPLETE',
  'CLUSTER_DOWN',
  'CLUSTER_INCOMPLETE',
  'CLUSTER_UP',
  'DISCONNECTED',
  'DISCONNECTING',
  'HANGUP',
  'LOADAVG',
  'NEW_REMOTE_CONNECTION',
  'QUITTING',
  'READY',
  'SERVER_PUBLIC_IP',
  'SERVICES',
  'SERVICE_UNAVAILABLE',
  'STATUS',
  'TRANSMISSION_REPORT',
  'UNREACHABLE',
]);
/** Whoever may talk to the broker at all may say these, to learn that it lives. */
const harmless: ReadonlySet<string> = new Set([
  'ALIVE',
  'HELP',
  'COMMANDS',
  'UNREGISTER',
  'INVALID',
  'UNKNOWN',
  'ABSOLUTELY',
]);

/** @throws UsageError UNKNOWN_OPTION, INVALID_VALUE */
export function checkedAccess(given: Given<AccessOptions> | undefined): AccessOptions {
  const access = withDefaults('access', defaults, given);
  checkRights('access.local', access.local);
  checkRights('access.others', access.others);
  for (const [name, user] of Object.entries(access.users)) {
    refuseUnknown(`user ${name}`, { secret: 0, certificate: 0, may: 0, services: 0 }, user);
    checkRights(`user ${name}`, user.may);
    if (!user.secret && !user.certificate) {
      throw new UsageError('INVALID_VALUE', `user ${name} has neither a secret nor a certificate`);
    }
  }
  return access;
}

function checkRights(what: string, list: readonly string[]): void {
  const wrong = Array.isArray(list) ? list.find(right => !rights.has(right)) : String(list);
  if (wrong !== undefined)
    throw new UsageError('INVALID_VALUE', `${what}: ${wrong} is no right (${[...rights].join(', ')})`);
}

export class Rights {
  readonly #access: AccessOptions;
  readonly #server: string;

  constructor(access: AccessOptions, server: string) {
    this.#access = access;
    this.#server = server;
  }

  /** For listeners. */
  readonly allow: Allow = (message, visitor) => {
    const party = partyOf(visitor.peer);
    if (party !== undefined && visitor.certificate !== undefined) party.certificates = visitor.certificate.names;
    const needed = this.#needed(message, visitor);
    if (needed !== undefined && !this.#has(needed, message, visitor, party)) return `it needs the right to ${needed}`;
    return this.#access.allow(message, visitor);
  };

  /** The user that a message, or the link it came over, shows to be. */
  userOf(message: Message<unknown>, party: Party | undefined): string | undefined {
    const names = party?.certificates ?? [];
    const secret = message.has(secretOf(message));
    if (names.length === 0 && !secret) return party?.user;
    for (const [name, user] of Object.entries(this.#access.users)) {
      if (user.certificate !== undefined && names.includes(user.certificate)) return name;
      if (secret && user.secret !== undefined && shows(message, user.secret)) return name;
    }
    return party?.user;
  }

  /** Whether that user may take this name: names of users are nobody else's. */
  mayRegister(service: string, user: string | undefined): boolean {
    const owners = Object.entries(this.#access.users).filter(([, { services }]) => services?.includes(service));
    if (owners.length > 0) return owners.some(([name]) => name === user);
    const own = user === undefined ? undefined : this.#access.users[user]?.services;
    return own === undefined;
  }

  /** Without a secret that was for us; those of services are passed on. */
  withoutSecret(message: Message): Message {
    if (!message.has('secret_code')) return message;
    const ours = Object.values(this.#access.users).some(({ secret }) => secret !== undefined && shows(message, secret));
    return ours ? message.without('secret_code') : message;
  }

  #needed({ command, to }: Message<unknown>, { remote }: Visitor): Right | undefined {
    const forAll = to.service === '*' || to.service === '?' || to.service === '.';
    const forUs = to.service === brokerName || to.service === '';
    if (severe.has(command)) return forAll || forUs || !isLocal(remote) ? 'control' : 'send';
    if (!forUs && brokersWords.has(command)) return 'control';
    if (forUs && command === 'REGISTER') return 'register';
    return forUs && harmless.has(command) && (to.server === '' || to.server === this.#server) ? undefined : 'send';
  }

  #has(right: Right, message: Message, visitor: Visitor, party: Party | undefined): boolean {
    const { users, local, others } = this.#access;
    if ((allow.local(message, visitor) === true ? local : others).includes(right)) return true;
    const user = this.userOf(message, party);
    return user !== undefined && (users[user]?.may.includes(right) ?? false);
  }
}

/** On REGISTER the secret is called `password`, or `secret_code` as everywhere. */
function secretOf(message: Message<unknown>): 'password' | 'secret_code' {
  return message.command === 'REGISTER' && message.has('password') ? 'password' : 'secret_code';
}

function shows(message: Message<unknown>, secret: string): boolean {
  const name = secretOf(message);
  if (name === 'secret_code') return secretMatches(message, secret);
  return secretMatches(Message.of('REGISTER', { secret_code: message.get(name) }), secret);
}
