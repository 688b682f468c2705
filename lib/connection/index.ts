export type { ChildEvents, ChildExit, ChildOptions, ChildState, RestartRules } from './child-process.ts';
export { ChildProcess } from './child-process.ts';
export { Client } from './client.ts';
export type {
  Companion,
  ConnectionOptions,
  ConnectionSnapshot,
  Owned,
  Owner,
  Turns,
  Unfinished,
  Worker,
} from './connection.ts';
export { Connection, isCompanion, nothingUnfinished } from './connection.ts';
export type { BindOptions, DatagramEvents, DatagramState } from './datagram.ts';
export { Datagram } from './datagram.ts';
export type { WatchEvents, WatchOptions, WatchState } from './file-watch.ts';
export { FileWatch } from './file-watch.ts';
export type { ListenerEvents, ListenerLimits, ListenerState, ListenOptions } from './listener.ts';
export { Listener } from './listener.ts';
export type { LogRotateOptions } from './log-rotate.ts';
export { logRotate } from './log-rotate.ts';
export type {
  BackplaneFigures,
  NatsBackplaneOptions,
  NatsEvents,
  NatsLimits,
  NatsOptions,
  NatsState,
} from './nats/index.ts';
export { isPrefix, Nats, NatsBackplane, subjectWord, textOfWord } from './nats/index.ts';
export type { ClientEvents } from './parts/client-events.ts';
export type { ClientLimits, ClientOptions, OnSessionLost, OutboxLimits } from './parts/client-options.ts';
export type { ClientState } from './parts/client-table.ts';
export type { PeerEvents } from './parts/peer-events.ts';
export { Peer } from './peer.ts';
export type { Why } from './permanent-client.ts';
export { PermanentClient } from './permanent-client.ts';
export { Signal } from './signal.ts';
export type { LinesEvents, LinesOptions, LinesState } from './streams/lines.ts';
export { Lines } from './streams/lines.ts';
export type { Tick, TimerOptions } from './timer.ts';
export { Timer } from './timer.ts';
export type { Change } from './watch/tree.ts';
