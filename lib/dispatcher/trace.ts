// Each message in the log, at trace severity, with the connection's name.

import { printable } from '../logging/index.ts';
import type { Message } from '../message/index.ts';
import { encode, offerParameter } from '../message/index.ts';
import type { Correspondent } from './correspondent.ts';

/** What to trace: nothing, what comes in, or what goes out too. */
export type Tracing = boolean | 'received' | 'both';

/** Parameters that prove who somebody is. */
const secrets: readonly string[] = ['secret_code', 'password', offerParameter];

/** Longer lines are cut in the trace. */
const longestShown = 1000;

export function traceReceived(message: Message<unknown>, connection: Correspondent): void {
  if (!connection.logger.isLevelEnabled('trace')) return;
  connection.logger.log('trace', `received ${shown(message)}`, { connection: connection.name });
}

export function traceSent(message: Message<unknown>, connection: Correspondent): void {
  if (!connection.logger.isLevelEnabled('trace')) return;
  connection.logger.log('trace', `sent ${shown(message)}`, { connection: connection.name });
}

/** The line; a secret is never shown. */
function shown(message: Message<unknown>): string {
  const hidden = secrets
    .filter(name => message.has(name))
    .reduce((shown, name) => shown.with({ [name]: '***' }), message);
  const line = printable(hidden.command === '' ? '(no command)' : encode(hidden));
  return line.length > longestShown ? `${line.slice(0, longestShown)}… (${line.length} characters)` : line;
}
