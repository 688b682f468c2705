// What a peer tells those who listen to it.

import type { Message } from '../../message/index.ts';

export type PeerEvents = {
  /** There is room again behind a `send` that said 'queued'. */
  drain: [];
  /** The link is lost; the session waits for the client to come back. */
  lost: [reason: Error | undefined];
  /** The client has come back, and the session goes on. */
  resumed: [];
  /** A message was accepted for the session, and was not delivered. */
  dropped: [message: Message<unknown>, reason: Error];
  /** Once, last; with a reason where it was not an orderly end. */
  close: [reason: Error | undefined];
};
