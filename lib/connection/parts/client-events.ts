// What a client tells those who listen to it.

import type { Message } from '../../message/index.ts';
import type { OnSessionLost } from './client-options.ts';
import type { ClientState } from './client-table.ts';

export type ClientEvents = {
  /** Each time the state changes. */
  state: [to: ClientState];
  /** The link is open, the greeting was sent. */
  open: [];
  /** The link is gone. */
  lost: [reason: Error];
  /** A permanent client's attempt failed or its link was lost; the next try is in `pause` ms. */
  retry: [error: Error, pause: number];
  /** The other side has forgotten the session: what it had not confirmed is sent again, or reported by `dropped`. */
  'session lost': [choice: OnSessionLost];
  /** A message was accepted, and was not sent, or not confirmed for good. */
  dropped: [message: Message<unknown>, reason: Error];
  /** There is room again behind a `send` that said 'queued'. */
  drain: [];
  /** Once, last; with a reason where it was not asked for. */
  close: [reason: Error | undefined];
};
