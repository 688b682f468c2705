// Why a message was not delivered, as an error.

import { LimitError, NetworkError } from '../../base/errors.ts';
import type { Message } from '../../message/index.ts';
import type { Fate } from '../../session/index.ts';

export function failure({ command }: Message<unknown>, fate: Fate, cause: Error | undefined): Error {
  if (fate === 'lost') return new NetworkError('SESSION_LOST', `${command}: the other side has forgotten the session`);
  if (fate === 'abandoned') {
    return new NetworkError('ABANDONED', `${command}: ended before it was sent or confirmed`, { cause });
  }
  return new LimitError('DROPPED', `${command} was dropped`);
}
