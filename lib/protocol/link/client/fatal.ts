// Which ends of a link are for good: another attempt would end in the same way, or would throw out who replaced us.

import type { PeerError } from '../../../base/errors.ts';
import { PeerError as Peer } from '../../../base/errors.ts';
import { closes } from '../wire.ts';

/** The error to stop with; undefined where it is worth to try again. `code` is undefined for a seed's close message. */
export function fatalError(
  code: number | undefined,
  reason: string,
  when: 'handshake' | 'later',
): PeerError | undefined {
  const means = (close: { code: number; reason: string }): boolean =>
    code === undefined ? reason === close.reason : code === close.code;
  if (means(closes.notAuthenticated)) return new Peer('NOT_AUTHENTICATED', reason);
  if (means(closes.replaced)) {
    return new Peer(reason === closes.replaced.reason ? 'REPLACED' : 'PROTOCOL_ERROR', reason);
  }
  if (when === 'handshake' && means(closes.invalidHandshake)) return new Peer('PROTOCOL_ERROR', reason);
  return undefined;
}
