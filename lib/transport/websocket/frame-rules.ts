// Which frames are taken, and what the close frame says where one is not. ws tells its faults by codes (WS_ERR_…).

import type { Given } from '../../base/options.ts';
import type { Certificate } from '../transport.ts';
import type { UpgradeRequest } from './frame-channel.ts';

/**
 * Why a connection is closed for what came on it: a frame without a mask, one of a kind that is not taken, text that
 * is not UTF-8, a message beyond the limit, a length beyond 2^53, a frame whose rest does not come, a close frame that
 * is wrong, a bit that has no meaning.
 */
export type FrameFault = 'unmasked' | 'kind' | 'encoding' | 'longest' | 'overflow' | 'half' | 'ending' | 'reserved';

/** What a close frame of ours says; without a code it is empty. */
export interface CloseWord {
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
}

export interface FrameRules {
  /** All that RFC 6455 has, or text messages of one frame each: no binary, no fragments, no ping and no pong. */
  readonly taken: 'all' | 'whole-text';
  /** The answer to a close frame has the code that came, or is empty. */
  readonly closing: 'same' | 'empty';
  /** What is said for a fault, where it is not what RFC 6455 advises. */
  readonly faults: Given<Record<FrameFault, CloseWord>>;
  /** How long the rest of a frame may keep us waiting with nothing new, in ms; 0: for ever. */
  readonly half: number;
}

export const ordinaryRules: FrameRules = { taken: 'all', closing: 'same', faults: {}, half: 0 };

const faultsOfWs: { readonly [code: string]: FrameFault } = {
  WS_ERR_EXPECTED_MASK: 'unmasked',
  WS_ERR_INVALID_OPCODE: 'kind',
  WS_ERR_EXPECTED_FIN: 'kind',
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 'kind',
  WS_ERR_INVALID_UTF8: 'encoding',
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'longest',
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 'overflow',
  WS_ERR_INVALID_CLOSE_CODE: 'ending',
  WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH: 'ending',
};

/** What is said for a fault that ws found, and for which it would say `code`. */
export function wordForError(rules: FrameRules, error: Error, code: number | undefined): CloseWord {
  const fault = faultsOfWs[(error as NodeJS.ErrnoException).code ?? ''] ?? 'reserved';
  if (fault === 'kind' && rules.taken === 'whole-text') return wordForFault(rules, fault);
  return rules.faults[fault] ?? { code };
}

const codes = { kind: 1003, half: 1008 };

/** What is said for a fault that these rules find. */
export function wordForFault(rules: FrameRules, fault: keyof typeof codes): CloseWord {
  return rules.faults[fault] ?? { code: codes[fault] };
}

export interface ChannelSettings {
  readonly remote: string;
  readonly frames: 'text' | 'binary';
  readonly side: 'accepted' | 'dialled';
  readonly request?: UpgradeRequest | undefined;
  readonly certificate?: Certificate | undefined;
  /** @default ordinaryRules */
  readonly rules?: FrameRules;
}

/** Pings and pongs that may come within a second. The source: none; others send one in some seconds. */
export const mostPings = 1_000;
const second = 1_000;
/** Who sends more keeps us from other work, and is closed: what came, and the last word. */
export const tooManyPings: readonly [what: string, word: CloseWord] = [
  `more than ${mostPings} pings in a second`,
  { code: 1008, reason: 'Too many pings' },
];

/** The pings and pongs of one connection. */
export class Pings {
  #since = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** Counts one; false where there are too many. */
  count(now: number): boolean {
    if (now - this.#since >= second) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= mostPings;
  }
}
