// Listens for the message that asks for a log rotation. Nothing is ever sent back, whatever comes.

import { refuseUnknown } from '../base/options.ts';
import { Dispatcher } from '../dispatcher/index.ts';
import type { BindOptions } from './datagram.ts';
import { Datagram } from './datagram.ts';

export interface LogRotateOptions extends Omit<BindOptions, 'dispatcher'> {
  /** Reopens the log files. @default the logger's `reopen` */
  readonly rotate?: (() => void) | undefined;
  /** Logs the messages at trace. @default false */
  readonly trace?: boolean | undefined;
}

/** LOG_ROTATE is the message of today, LOG its name in the old text. */
const commands = /^LOG(_ROTATE)?$/;

/** @throws UsageError INVALID_ADDRESS, UNKNOWN_OPTION */
export function logRotate(address: string, { rotate, trace, ...options }: LogRotateOptions): Datagram {
  refuseUnknown('logRotate', { name: 0, priority: 0, secret: 0, allow: 0 }, options);
  const dispatcher = new Dispatcher({ trace }).on(commands, () => rotate?.());
  return new Datagram(address, { ...options, dispatcher }, 'log rotate');
}
