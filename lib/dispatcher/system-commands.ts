// The commands that every service knows (reference eventdispatcher §4), at priority 10; a rule of the service's own
// for one of them takes its place.

import { systemClock } from '../base/clock.ts';
import type { Given } from '../base/options.ts';
import { withDefaults } from '../base/options.ts';
import { often } from '../logging/index.ts';
import type { Message } from '../message/index.ts';
import { ALIVE, READY, SERVICE_UNAVAILABLE, timespecOf, writeTimespec } from '../message/index.ts';
import type { Correspondent } from './correspondent.ts';
import type { Dispatcher, RulePack } from './dispatcher.ts';
import type { Handler } from './match.ts';
import { priorities } from './match.ts';

/** What a service does on those commands; the default of each writes a line to the log. */
export interface SystemActions {
  readonly ready: Handler<{ readonly my_address: unknown }>;
  readonly stop: Handler;
  /** The broker is going down. */
  readonly quitting: Handler;
  readonly restart: Handler;
  readonly logRotate: Handler;
  readonly leak: Handler;
  readonly unavailable: Handler<{ readonly destination_service: string; readonly unsent_command: string }>;
  /** INVALID and UNKNOWN: the other side did not understand a message of ours. */
  readonly complaint: Handler;
}

const defaults: SystemActions = {
  ready: (_, connection) => note(connection, 'info', 'READY received'),
  stop: (_, connection) => note(connection, 'warn', 'STOP received, and nothing is set up for it'),
  quitting: (_, connection) => note(connection, 'warn', 'QUITTING received, and nothing is set up for it'),
  restart: (_, connection) => note(connection, 'warn', 'RESTART received, and nothing is set up for it'),
  logRotate: (_, connection) => note(connection, 'warn', 'LOG_ROTATE received, and nothing is set up for it'),
  leak: (_, connection) =>
    note(connection, 'info', `memory in use: ${JSON.stringify(process.memoryUsage())}`, { [often]: 'LEAK' }),
  unavailable: ({ parameters }, connection) =>
    note(connection, 'warn', `${parameters.unsent_command} did not reach ${parameters.destination_service}`, {
      [often]: 'unavailable',
    }),
  complaint: (message, connection) =>
    note(connection, 'error', `${message.command} received about ${message.get('command') ?? 'a message'}`, {
      reason: message.get('message'),
      [often]: 'complaint',
    }),
};

/**
 * The rules for ALIVE HELP INVALID LEAK LOG_ROTATE QUITTING READY RESTART SERVICE_UNAVAILABLE STOP UNKNOWN.
 * @example dispatcher.use(systemCommands({ stop: () => communicator.stop() }))
 */
export function systemCommands(actions: Given<SystemActions> = {}): RulePack {
  const { ready, stop, quitting, restart, logRotate, leak, unavailable, complaint } = withDefaults(
    'systemCommands',
    defaults,
    actions,
  );
  const options = { priority: priorities.system, fallback: true };
  return dispatcher =>
    dispatcher
      .on(ALIVE, answerAlive, options)
      .on('HELP', (message, connection) => answerHelp(dispatcher, message, connection), options)
      .on('INVALID', complaint, options)
      .on('LEAK', leak, options)
      .on('LOG_ROTATE', logRotate, options)
      .on('QUITTING', quitting, options)
      .on(READY, ready, options)
      .on('RESTART', restart, options)
      .on(SERVICE_UNAVAILABLE, unavailable, options)
      .on('STOP', stop, options)
      .on('UNKNOWN', complaint, options);
}

function answerAlive(message: Message<unknown>, connection: Correspondent): void {
  const answer = message.reply('ABSOLUTELY', {
    reply_timestamp: writeTimespec(timespecOf(systemClock.wall()), 'all'),
    serial: message.get('serial'),
    timestamp: message.get('timestamp'),
  });
  connection.send(answer);
}

function answerHelp(dispatcher: Dispatcher, message: Message<unknown>, connection: Correspondent): void {
  connection.send(message.reply('COMMANDS', { list: dispatcher.commands.join(',') }));
}

function note(connection: Correspondent, severity: 'info' | 'warn' | 'error', text: string, fields = {}): void {
  connection.logger.log(severity, text, { connection: connection.name, [often]: text, ...fields });
}
