// An event for many: who has no room for it misses it, and that is logged once until there is room again.

import { reasonOf, UsageError } from '../../../base/errors.ts';
import type { EventDefinition } from '../definitions.ts';
import type { Link } from './link.ts';

/** @throws UsageError INVALID_VALUE */
export function offer<D>(link: Link, definition: EventDefinition<D>, data: D): void {
  try {
    link.send(definition, data);
    link.missed = 0;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    link.missed += 1;
    link.host.log(link.missed === 1 ? 'error' : 'debug', `${definition.name}_event is lost: ${reasonOf(error)}`);
  }
}
