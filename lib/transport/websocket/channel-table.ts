import type { StateTable } from '../../base/state-table.ts';

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
