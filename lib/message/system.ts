// The messages that every service knows (reference eventdispatcher §3.6 and §4).

import type { MessageDefinition } from './definition.ts';
import { address, defineMessage, string, timespec } from './definition.ts';
import type { HostPort, Timespec } from './values.ts';

export const ALIVE: MessageDefinition<{
  readonly serial: string | undefined;
  readonly timestamp: Timespec | undefined;
}> = defineMessage('ALIVE', { serial: string({ optional: true }), timestamp: timespec({ optional: true }) });

export const READY: MessageDefinition<{ readonly my_address: HostPort | undefined }> = defineMessage('READY', {
  my_address: address({ optional: true }),
});

export const SERVICE_UNAVAILABLE: MessageDefinition<{
  readonly destination_service: string;
  readonly unsent_command: string;
}> = defineMessage('SERVICE_UNAVAILABLE', {
  destination_service: string({ empty: false }),
  unsent_command: string({ empty: false }),
});
