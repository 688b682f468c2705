// The way between servers that share what they broadcast. One method each way, texts under names, and nothing of any
// protocol: so it stands on the lowest floor, where each protocol and every broker finds it.

import type { Cancel } from './clock.ts';

/** One server's end. */
export interface Backplane {
  /** Tells all others. What it says itself does not come back. It does not throw: what cannot be told is lost. */
  publish(path: string, text: string): void;
  /** Hears what the others tell, of each in its order, until the result is called. */
  subscribe(heard: (path: string, text: string) => void): Cancel;
}

/** A backplane inside this process: each call of the result is another server's end. */
export function localBackplane(): () => Backplane {
  const ends = new Map<Backplane, Set<(path: string, text: string) => void>>();
  return () => {
    const listeners = new Set<(path: string, text: string) => void>();
    const end: Backplane = {
      publish(path, text) {
        for (const [other, heard] of ends) {
          if (other !== end) for (const listener of heard) listener(path, text);
        }
      },
      subscribe(heard) {
        const listener = (path: string, text: string): void => heard(path, text);
        listeners.add(listener);
        ends.set(end, listeners);
        return () => {
          listeners.delete(listener);
          if (listeners.size === 0) ends.delete(end);
        };
      },
    };
    return end;
  };
}
