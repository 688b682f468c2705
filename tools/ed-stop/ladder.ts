// From the soft to the hard, each step with its deadline:
//
//   message ─late, refused▶ SIGTERM ─late▶ SIGKILL ─late▶ alive        from each: ─gone▶ ended
//
// A step that was given no time is left out.

import type { Address } from '../../lib/base/address.ts';
import { formatAddress } from '../../lib/base/address.ts';
import type { Message } from '../../lib/message/message.ts';
import type { StreamTransports } from '../../lib/transport/transports.ts';
import type { Asking } from './asking.ts';
import { ask, refuses } from './asking.ts';
import type { Target } from './process.ts';
import { isAlive, signalTo } from './process.ts';

export type Step = 'message' | 'SIGTERM' | 'SIGKILL';

export interface Plan {
  /** The process; undefined where only the address is known, and nothing can be sent to it but the message. */
  readonly target: Target | undefined;
  readonly address: Address | undefined;
  readonly transports: StreamTransports;
  readonly message: Message;
  /** Longest wait after each step, in ms. */
  readonly times: { readonly [S in Step]: number };
}

export interface Outcome {
  /** The last step that was made before it was gone; undefined where it lives on. */
  readonly by: Step | undefined;
  /** From the first step, in ms. */
  readonly time: number;
  /** Why the message did nothing; undefined where it was sent, and not refused. */
  readonly refusal: string | undefined;
}

/** Told several times a second: which step was made, and how long ago, in ms. */
export type Progress = (step: Step, waited: number, longest: number) => void;

/** How often to look whether it is gone, in ms; a process is quick to ask, an address is not. */
const lookPause = { process: 25, address: 200 };

/** @throws NetworkError, UsageError */
export async function descend(plan: Plan, progress: Progress): Promise<Outcome> {
  const { target, address, times } = plan;
  const start = performance.now();
  const asking = address === undefined || times.message === 0 ? undefined : await asked(plan, address, progress);
  try {
    const gone = goneTest(plan, asking);
    const over = (by: Step | undefined): Outcome => ({
      by,
      time: performance.now() - start,
      refusal: asking?.refusal,
    });
    if (asking !== undefined) {
      const wait = (ms: number): void => progress('message', ms, times.message);
      if (await waitedFor(gone, plan, times.message, wait, () => asking.refusal !== undefined)) return over('message');
    }
    for (const step of ['SIGTERM', 'SIGKILL'] as const) {
      if (target === undefined || times[step] === 0) continue;
      signalTo(target, step);
      if (await waitedFor(gone, plan, times[step], ms => progress(step, ms, times[step]))) return over(step);
    }
    return over(undefined);
  } finally {
    asking?.end();
  }
}

/** Asks; a dial may take as long as the step, and not longer. */
async function asked({ message, transports, times }: Plan, address: Address, progress: Progress): Promise<Asking> {
  progress('message', 0, times.message);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Asking>(resolve => {
    const refusal = `${formatAddress(address)} did not take it in time`;
    timer = setTimeout(() => resolve({ refusal, hungUp: false, end: () => undefined }), times.message);
  });
  try {
    return await Promise.race([ask(address, message, transports), late]);
  } finally {
    clearTimeout(timer);
  }
}

function goneTest({ target, address, transports }: Plan, asking: Asking | undefined): () => Promise<boolean> {
  if (target !== undefined) return async () => !isAlive(target);
  return async () => address !== undefined && asking?.hungUp === true && (await refuses(address, transports));
}

/** Whether it was gone in time; gives up early where there is no use in waiting. */
async function waitedFor(
  gone: () => Promise<boolean>,
  { target }: Plan,
  longest: number,
  progress: (waited: number) => void,
  useless: () => boolean = () => false,
): Promise<boolean> {
  const start = performance.now();
  const pause = target === undefined ? lookPause.address : lookPause.process;
  for (;;) {
    if (await gone()) return true;
    const waited = performance.now() - start;
    if (waited >= longest || useless()) return false;
    progress(waited);
    await new Promise(resolve => setTimeout(resolve, Math.min(pause, longest - waited)));
  }
}
