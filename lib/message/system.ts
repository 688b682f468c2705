// The messages that every service knows (reference eventdispatcher §3.6 and §4).

import type { MessageDefinition } from './definition.ts';
import { defineMessage, string, timespec } from './definition.ts';
import type { Timespec } from './values.ts';

export const ALIVE: MessageDefinition<{
  readonly serial: string | undefined;
  readonly timestamp: Timespec | undefined;
}> = defineMessage('ALIVE', { serial: string({ optional: true }), timestamp: timespec({ optional: true }) });

/** The address may come without a port: C++ peers accept that. */
export const READY: MessageDefinition<{ readonly my_address: string | undefined }> = defineMessage('READY', {
  my_address: string({ optional: true, empty: false }),
});

export const SERVICE_UNAVAILABLE: MessageDefinition<{
  readonly destination_service: string;
  readonly unsent_command: string;
}> = defineMessage('SERVICE_UNAVAILABLE', {
  destination_service: string({ empty: false }),
  unsent_command: string({ empty: false }),
});
