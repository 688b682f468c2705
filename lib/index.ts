// The public face: everything here is documented where it stands; nothing else is promised.

export type { Address } from './base/address.ts';
export { formatAddress, parseAddress } from './base/address.ts';
export type { Pause } from './base/backoff.ts';
export type { Backplane } from './base/backplane.ts';
export { localBackplane } from './base/backplane.ts';
export type { Cancel, Clock } from './base/clock.ts';
export { systemClock } from './base/clock.ts';
export type { ErrorCode, Reaction } from './base/errors.ts';
export {
  CommunicatorError,
  errorCodes,
  LimitError,
  NetworkError,
  PeerError,
  Refusal,
  TimeoutError,
  UsageError,
} from './base/errors.ts';
export type { Given } from './base/options.ts';
export type { FullPolicy, QueueLimits } from './base/queue.ts';
export * from './communicator/index.ts';
export type {
  BackplaneFigures,
  BindOptions,
  Change,
  ChildEvents,
  ChildExit,
  ChildOptions,
  ChildState,
  ClientEvents,
  ClientLimits,
  ClientOptions,
  ClientState,
  ConnectionOptions,
  ConnectionSnapshot,
  DatagramEvents,
  DatagramState,
  LinesEvents,
  LinesOptions,
  LinesState,
  ListenerEvents,
  ListenerLimits,
  ListenerState,
  ListenOptions,
  LogRotateOptions,
  NatsBackplaneOptions,
  NatsEvents,
  NatsLimits,
  NatsOptions,
  NatsState,
  OnSessionLost,
  OutboxLimits,
  Owned,
  Owner,
  PeerEvents,
  RestartRules,
  Tick,
  TimerOptions,
  Unfinished,
  WatchEvents,
  WatchOptions,
  WatchState,
  Why,
} from './connection/index.ts';
export {
  ChildProcess,
  Client,
  Connection,
  Datagram,
  FileWatch,
  Lines,
  Listener,
  Nats,
  NatsBackplane,
  Peer,
  PermanentClient,
  Signal,
  Timer,
} from './connection/index.ts';
export type {
  Allow,
  Correspondent,
  DeliverOptions,
  DispatcherOptions,
  Guarantee,
  Handler,
  Match,
  Predicate,
  Receipt,
  RequestOptions,
  RuleOptions,
  RulePack,
  Sending,
  SystemActions,
  Tracing,
  UpgradeFacts,
  Visitor,
} from './dispatcher/index.ts';
export { allow, Dispatcher, priorities, systemCommands } from './dispatcher/index.ts';
export * from './logging/index.ts';
export * from './message/index.ts';
export type { Fate, Fates } from './session/index.ts';
export type { SpoolOptions } from './spool/index.ts';
export * from './transport/index.ts';
