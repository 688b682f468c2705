export type { CommunicatorOptions, CommunicatorState } from './communicator.ts';
export { Communicator } from './communicator.ts';
export type { Abandoned, StopReport } from './shutdown.ts';
export type { Snapshot } from './snapshot.ts';
export type { SystemdOptions, SystemdState } from './systemd.ts';
export { Systemd } from './systemd.ts';
export type { TurnLimits } from './turn.ts';
