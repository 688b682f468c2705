// What services and their broker say to each other (reference eventdispatcher §10.8): the messages with parameters. Those
// that every service knows (ALIVE, READY, SERVICE_UNAVAILABLE) are in message/system.ts; HELP, STOP, QUITTING, DISCONNECTING,
// CLUSTER_STATUS, LIST_SERVICES, REGISTER_FOR_LOADAVG, UNREGISTER_FROM_LOADAVG and SHUTDOWN carry nothing.

import type { MessageDefinition, Timespec } from '../../message/index.ts';
import { defineMessage, integer, number, oneOf, string, timespec } from '../../message/index.ts';

/** How a broker chooses between several processes with one service name. */
export type Share = 'first' | 'round_robin' | 'least_pending';
export const shares: readonly Share[] = ['first', 'round_robin', 'least_pending'];

const optional = { optional: true, empty: false } as const;

/**
 * A service is there. `_share`: others may register under the same name, if they say the same; without it the name is one
 * process's own. C++ services say neither that nor the password.
 */
export const REGISTER: MessageDefinition<{
  readonly service: string;
  readonly version: number;
  readonly password: string | undefined;
  readonly _share: Share | undefined;
}> = defineMessage('REGISTER', {
  service: string({ empty: false }),
  version: integer(),
  password: string({ optional: true }),
  _share: oneOf(shares, { optional: true }),
});

export const UNREGISTER: MessageDefinition<{ readonly service: string | undefined }> = defineMessage('UNREGISTER', {
  service: string(optional),
});

/** The commands that a service knows, as often as it likes: they add up. */
export const COMMANDS: MessageDefinition<{ readonly list: string }> = defineMessage('COMMANDS', { list: string() });

export const SERVICE_STATUS: MessageDefinition<{ readonly service: string }> = defineMessage('SERVICE_STATUS', {
  service: string({ empty: false }),
});

/** Whether a service is there; to all who know the command, at each change. Times are seconds since 1970. */
export const STATUS: MessageDefinition<{
  readonly service: string;
  readonly status: 'up' | 'down' | 'unknown';
  readonly cache: string | undefined;
  readonly server_name: string | undefined;
  readonly up_since: number | undefined;
  readonly down_since: number | undefined;
}> = defineMessage('STATUS', {
  service: string({ empty: false }),
  status: oneOf(['up', 'down', 'unknown']),
  cache: string({ optional: true }),
  server_name: string(optional),
  up_since: integer({ optional: true }),
  down_since: integer({ optional: true }),
});

/** What became of a message whose sender had asked for it with `transmission_report=failure`. */
export const TRANSMISSION_REPORT: MessageDefinition<{
  readonly command: string;
  readonly status: 'cached' | 'failed';
}> = defineMessage('TRANSMISSION_REPORT', {
  command: string({ empty: false }),
  status: oneOf(['cached', 'failed']),
});

/** The load of a machine: the mean of its last minute, by processor. */
export const LOADAVG: MessageDefinition<{
  readonly avg: number;
  readonly my_address: string | undefined;
  readonly timestamp: Timespec | undefined;
}> = defineMessage('LOADAVG', {
  avg: number({ min: 0 }),
  my_address: string(optional),
  timestamp: timespec({ optional: true }),
});
