// Time comes in from outside, so that a test can own it.

/** Undoes what was asked of a clock; calling it late or twice does nothing. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds that never run backwards; the start is arbitrary. */
  now(): number;
  /** Milliseconds since 1970, as the wall shows them; fractions count. */
  wall(): number;
  /** Calls `run` once, `ms` from now. Any length is good. */
  after(ms: number, run: () => void): Cancel;
}

/**
 * setTimeout fires at once beyond this many milliseconds, so longer waits are taken in steps. It may also fire a
 * little early, because it counts from the beginning of the loop's round: then the rest is waited for.
 */
const longestTimeout = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  wall() {
    const fine = performance.timeOrigin + performance.now();
    const coarse = Date.now();
    // The wall clock may be set, or drift from the other, while the process runs.
    return Math.abs(fine - coarse) < 2 ? fine : coarse;
  },
  after(ms, run) {
    const due = performance.now() + ms;
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      timer = setTimeout(look, Math.min(Math.ceil(left), longestTimeout));
    };
    const look = (): void => {
      const left = due - performance.now();
      if (left > 0) wait(left);
      else run();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const aborted = (): void => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', aborted);
      resolve();
    });
    signal.addEventListener('abort', aborted, { once: true });
  });
}
