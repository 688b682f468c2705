// The zeromq package, loaded when ZeroMQ is first asked for.

import { optional } from '../../base/optional.ts';

export type ZeroMq = typeof import('zeromq');

let loaded: ZeroMq | undefined;

/** @throws UsageError MISSING_PACKAGE */
export async function loadZeroMq(): Promise<ZeroMq> {
  const why = 'events need the package zeromq, which is not installed';
  loaded ??= await optional(why, 'zeromq@6', () => import('zeromq'));
  return loaded;
}
