// Which codes a close frame may have (RFC 6455 §7.4), and how long its reason may be.

import { UsageError } from '../../base/errors.ts';

/** A close frame came, and had no code; never sent. */
export const noCode = 1005;
/** No close frame came; never sent. */
export const noFrame = 1006;
/** Longest reason, in bytes: a control frame holds 125, and two are the code's. */
const longestReason = 123;

/** What a close frame says. */
export interface LastWord {
  readonly code: number;
  readonly reason: string;
}

/** @throws UsageError INVALID_VALUE */
export function checkedCode(code: number): number {
  const standard = code >= 1000 && code <= 1014 && code !== 1004 && code !== noCode && code !== noFrame;
  if (Number.isInteger(code) && (standard || (code >= 3000 && code <= 4999))) return code;
  throw new UsageError('INVALID_VALUE', `a close code is 1000 to 1003, 1007 to 1014 or 3000 to 4999, not ${code}`);
}

/** The reason, cut between two characters where it is too long. */
export function cutReason(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= longestReason) return reason;
  let end = longestReason;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
