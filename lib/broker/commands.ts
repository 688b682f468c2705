// What the broker itself understands (reference eventdispatcher §10.8). An answer that C++ services may not know goes only to
// those who have announced it, or who asked with a request of ours.

import type { Clock } from '../base/clock.ts';
import { PeerError } from '../base/errors.ts';
import { ownText } from '../base/own-text.ts';
import type { Correspondent, RulePack } from '../dispatcher/index.ts';
import { Dispatcher, systemCommands } from '../dispatcher/index.ts';
import { isCommand, Message, messageVersion, requestParameter } from '../message/index.ts';
import { brokerName, COMMANDS, REGISTER, SERVICE_STATUS, UNREGISTER } from '../protocol/service/index.ts';
import type { Load } from './load.ts';
import type { Rights } from './rights.ts';
import type { Page } from './services/pages.ts';
import { namesAfter } from './services/pages.ts';
import type { Party } from './services/party.ts';
import { partyOf } from './services/party.ts';
import type { Registry } from './services/registry.ts';
import type { Status } from './status.ts';

/** A service knows so many commands at most, of so many characters together. */
const mostCommands = 1_000;
const longestCommands = 32 * 1024;

/** Of all names of services so many characters are in one line of the log, and such a line comes once in so many ms. */
const listing = { length: 10_000, pause: 1_000 } as const;

export interface CommandParts {
  readonly server: string;
  readonly registry: Registry;
  readonly rights: Rights;
  readonly status: Status;
  readonly load: Load;
  readonly clock: Clock;
  /** `ip:port` for READY, where there is one. */
  address(): string | undefined;
  /** A page of the status: the one behind that name. */
  page(after: string): Page;
  /** The services here have changed. */
  changed(): void;
  logRotate(): void;
  /** Ends this broker, or all of them. */
  stop(which: 'this one' | 'all'): void;
}

export function ownCommands(parts: CommandParts): Dispatcher {
  return new Dispatcher()
    .use(membership(parts))
    .use(questions(parts))
    .on('LOG_ROTATE', () => parts.logRotate())
    .on('SHUTDOWN', () => parts.stop('all'))
    .on('STOP', () => parts.stop('this one'))
    .on('QUITTING', () => undefined)
    .on('ABSOLUTELY', () => undefined)
    .use(systemCommands({ complaint: () => undefined, ready: () => undefined }))
    .otherwiseUnknown();
}

function membership({ server, registry, rights, address, changed }: CommandParts): RulePack {
  const from = { server, service: brokerName };
  const welcome = (party: Party, user: string | undefined): void => {
    party.user = user;
    party.peer.send(Message.of('HELP', {}, { from }));
    party.peer.send(Message.of('READY', { my_address: address() }, { from }));
  };
  return dispatcher =>
    dispatcher
      .on(REGISTER, (message, peer) => {
        const party = onLink(peer, 'REGISTER');
        const { service, version, _share } = message.parameters;
        if (version !== messageVersion) throw wrong(`version ${version} is not ${messageVersion}`);
        const user = rights.userOf(message, party);
        if (!rights.mayRegister(service, user)) {
          throw new PeerError('NOT_ALLOWED', `the name ${service} is another user's`, 'REGISTER');
        }
        const waiting = registry.register(party, service, _share);
        if (waiting === undefined) return welcome(party, user);
        return waiting.then(() => welcome(party, user));
      })
      .on(UNREGISTER, (message, peer) => {
        const party = onLink(peer, 'UNREGISTER');
        const { service } = message.parameters;
        if (service === undefined || service === party.name) registry.leave(party);
        else throw new PeerError('NOT_ALLOWED', `you are not ${service}`, 'UNREGISTER');
      })
      .on(COMMANDS, (message, peer) => {
        const { commands } = onLink(peer, 'COMMANDS');
        const before = commands.size;
        try {
          learn(commands, message.parameters.list);
        } finally {
          if (commands.size > before) changed();
        }
      });
}

/** What is beyond the limits is left aside. @throws PeerError INVALID_PARAMETER where anything is */
function learn(commands: Set<string>, list: string): void {
  let length = 0;
  for (const command of commands) length += command.length;
  for (const word of list.split(',')) {
    const command = word.trim();
    if (!isCommand(command) || commands.has(command)) continue;
    length += command.length;
    if (commands.size >= mostCommands || length > longestCommands) {
      const limits = `${mostCommands} commands of ${longestCommands} characters together`;
      throw new PeerError('INVALID_PARAMETER', `${limits} are known of one service, no more`, 'COMMANDS');
    }
    commands.add(ownText(command));
  }
}

function questions({ server, registry, status, load, page, clock }: CommandParts): RulePack {
  let listed = Number.NEGATIVE_INFINITY;
  const from = { server, service: brokerName };
  return dispatcher =>
    dispatcher
      .on(SERVICE_STATUS, (message, peer) => peer.send(answering(message, status.message(message.parameters.service))))
      .on('LIST_SERVICES', (message, peer) => {
        const up = [...registry.mailboxes.values()].flatMap(({ name, isUp }) => (isUp ? [name] : []));
        const { names, more } = namesAfter(up, message.get('after') ?? '');
        if (clock.now() - listed >= listing.pause) {
          listed = clock.now();
          peer.logger.log('info', `services: ${names.join(', ').slice(0, listing.length)}`, { count: up.length });
        }
        answer(message, peer, Message.of('SERVICES', { list: names.join(','), more }, { from }));
      })
      .on('CLUSTER_STATUS', (message, peer) => {
        const [state, completeness] = status.clusterMessages();
        answer(message, peer, state);
        if (!message.has(requestParameter)) answer(message, peer, completeness);
      })
      .on('BROKER_STATUS', (message, peer) => {
        const { status, more } = page(message.get('after') ?? '');
        answer(message, peer, Message.of('BROKER_STATUS_IS', { status: JSON.stringify(status), more }, { from }));
      })
      .on('PUBLIC_IP', (message, peer) => peer.send(answering(message, Message.of('SERVER_PUBLIC_IP', {}, { from }))))
      .on('REGISTER_FOR_LOADAVG', (_, correspondent) => {
        const { peer } = onLink(correspondent, 'REGISTER_FOR_LOADAVG');
        if (load.listen(peer)) peer.once('close', () => load.forget(peer));
      })
      .on('UNREGISTER_FROM_LOADAVG', (_, peer) => load.forget(onLink(peer, 'UNREGISTER_FROM_LOADAVG').peer));
}

/** @throws PeerError NOT_ALLOWED for a datagram: nobody could be answered later */
function onLink(peer: Correspondent, command: string): Party {
  const party = partyOf(peer);
  if (party === undefined) throw new PeerError('NOT_ALLOWED', `${command} needs a connection`, command);
  return party;
}

function answer(question: Message<unknown>, peer: Correspondent, message: Message): void {
  const knows = partyOf(peer)?.commands.has(message.command) ?? false;
  if (knows || question.has(requestParameter)) peer.send(answering(question, message));
}

/** With the number of the request, where it was one. */
function answering(question: Message<unknown>, message: Message): Message {
  const { list } = question.reply(message.command);
  return list.length === 0
    ? message
    : new Message(message.command, [...message.list, ...list], message.from, message.to);
}

function wrong(reason: string): PeerError {
  return new PeerError('INVALID_PARAMETER', reason, 'REGISTER');
}
