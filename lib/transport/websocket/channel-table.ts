import type { StateTable } from '../../base/state-table.ts';
import type { LastWord } from './close-code.ts';
import type { CloseWord } from './frame-rules.ts';

export type FrameChannelState = 'open' | 'ended' | 'heard' | 'closing' | 'dying' | 'closed';
export type FrameChannelStep = 'end' | 'hear' | 'close' | 'fail' | 'kill' | 'gone';

export const frameChannelTable: StateTable<FrameChannelState, FrameChannelStep> = {
  open: { end: 'ended', hear: 'heard', close: 'closing', fail: 'closing', kill: 'dying', gone: 'closed' },
  ended: { hear: 'closing', close: 'closing', fail: 'closing', kill: 'dying', gone: 'closed' },
  heard: { end: 'closing', close: 'closing', kill: 'dying', gone: 'closed' },
  closing: { kill: 'dying', gone: 'closed' },
  dying: { gone: 'closed' },
  closed: {},
};

export type FlowState = 'early' | 'flowing' | 'paused';
export type FlowStep = 'start' | 'pause' | 'resume';

export const flowTable: StateTable<FlowState, FlowStep> = {
  early: { start: 'flowing' },
  flowing: { pause: 'paused' },
  paused: { resume: 'flowing' },
};

/** What comes from the socket, in order. */
export type Arrival =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | ({ readonly kind: 'end' } & LastWord)
  | { readonly kind: 'fault'; readonly word: CloseWord }
  | ({ readonly kind: 'gone' } & LastWord);
