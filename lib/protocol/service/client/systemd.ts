// Tells systemd how a service does, where systemd asked for it (Type=notify): through its own program, since node has no
// datagrams over Unix sockets. What fails is a line in the log, and no more.

import { execFile } from 'node:child_process';
import type { Logger } from '../../../logging/index.ts';

/** `--no-block`: it would wait for an answer otherwise. */
export function notifySystemd(state: 'ready' | 'stopping', logger: Logger): void {
  if ((process.env.NOTIFY_SOCKET ?? '') === '') return;
  execFile('systemd-notify', [`--${state}`, '--no-block', `--pid=${process.pid}`], error => {
    if (error !== null) logger.log('warn', `systemd was not told: ${error.message}`);
  });
}
