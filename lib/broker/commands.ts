// What the broker itself understands (reference eventdispatcher §10.8). An answer that C++ services may not know goes only to
// those who have announced it, or who asked with a request of ours.

import { PeerError } from '../base/errors.ts';
import type { Correspondent, RulePack } from '../dispatcher/index.ts';
import { Dispatcher, systemCommands } from '../dispatcher/index.ts';
import { isCommand, Message, messageVersion, requestParameter } from '../message/index.ts';
import { brokerName, COMMANDS, REGISTER, SERVICE_STATUS, UNREGISTER } from '../protocol/service/index.ts';
import type { Load } from './load.ts';
import type { Rights } from './rights.ts';
import type { Party } from './services/party.ts';
import { partyOf } from './services/party.ts';
import type { Registry } from './services/registry.ts';
import { ownText } from './services/registry.ts';
import type { BrokerStatus, Status } from './status.ts';

/** A service knows so many commands at most, of so many characters together. */
const mostCommands = 1_000;
const longestCommands = 32 * 1024;

/** Services in one BROKER_STATUS_IS, those with most to do first: more might be longer than a line may be. */
const mostRows = 1_000;

export interface CommandParts {
  readonly server: string;
  readonly registry: Registry;
  readonly rights: Rights;
  readonly status: Status;
  readonly load: Load;
  /** `ip:port` for READY, where there is one. */
  address(): string | undefined;
  /** The whole status. */
  whole(): BrokerStatus;
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

function questions({ server, registry, status, load, whole }: CommandParts): RulePack {
  const from = { server, service: brokerName };
  return dispatcher =>
    dispatcher
      .on(SERVICE_STATUS, (message, peer) => peer.send(answering(message, status.message(message.parameters.service))))
      .on('LIST_SERVICES', (message, peer) => {
        const names = [...registry.mailboxes.values()].flatMap(({ name, isUp }) => (isUp ? [name] : [])).sort();
        peer.logger.log('info', `services: ${names.join(', ')}`);
        answer(message, peer, Message.of('SERVICES', { list: names.join(',') }, { from }));
      })
      .on('CLUSTER_STATUS', (message, peer) => {
        const [state, completeness] = status.clusterMessages();
        answer(message, peer, state);
        if (!message.has(requestParameter)) answer(message, peer, completeness);
      })
      .on('BROKER_STATUS', (message, peer) => {
        const status = whole();
        const services = [...status.services].sort((a, b) => b.waiting + b.underWay - a.waiting - a.underWay);
        const json = JSON.stringify({ ...status, services: services.slice(0, mostRows) });
        answer(message, peer, Message.of('BROKER_STATUS_IS', { status: json }, { from }));
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
