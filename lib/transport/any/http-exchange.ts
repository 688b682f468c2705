// One plain HTTP request and its one answer.

import type { IncomingHttpHeaders } from 'node:http';

export interface HttpExchange {
  /** Address of the other side, as text. */
  readonly remote: string;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** `1.0` or `1.1`. */
  readonly version: string;
  readonly headers: IncomingHttpHeaders;
  /**
   * All of the body; once. `longest` in bytes.
   * @throws LimitError BODY_TOO_LONG beyond that; NetworkError CLOSED when the other side leaves
   */
  body(longest: number): Promise<Buffer>;
  /** Answers, once; does nothing when the other side is gone. @throws UsageError ILLEGAL_STEP the second time */
  answer(status: number, headers: Readonly<Record<string, string>>, body?: string | Buffer): void;
  /** The other side's connection went before the answer. */
  onGone(listener: () => void): void;
  /** Another request came on the same connection before the answer of this one; at once where it has come already. */
  onNext(listener: () => void): void;
}
