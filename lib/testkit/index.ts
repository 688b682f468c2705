export type { FaultProxyOptions, FaultProxyState } from './fault-proxy.ts';
export { FaultProxy } from './fault-proxy.ts';
export type { Direction } from './faults.ts';
export { settled, VirtualClock } from './virtual-clock.ts';
