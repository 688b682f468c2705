// Why a message was not delivered, as an error.

import { LimitError, NetworkError } from '../../base/errors.ts';
import type { Fate } from '../../session/index.ts';

export function failure(fate: Fate, cause: Error | undefined): Error {
  if (fate === 'lost') return new NetworkError('SESSION_LOST', 'the other side has forgotten the session');
  if (fate === 'abandoned') {
    return new NetworkError('ABANDONED', 'ended before it was sent or confirmed', { cause });
  }
  return new LimitError('DROPPED', 'dropped');
}
