// The broker of a machine, and its way to other machines.

export type { BrokerState } from './broker.ts';
export { Broker, brokerTable } from './broker.ts';
export type {
  Cluster,
  ClusterNode,
  ClusterState,
  ClusterStatus,
  Presence,
  PresentService,
  Reach,
} from './cluster.ts';
export { alone } from './cluster.ts';
export { clusterInProcess } from './cluster-in-process.ts';
export * from './nats/index.ts';
export type { BrokerLimits, BrokerOptions } from './options.ts';
export { brokerLimits } from './options.ts';
export type { AccessOptions, BrokerUser, Right } from './rights.ts';
export { partyTable } from './services/party.ts';
export type { BrokerStatus, ClusterRow, MemberRow, ServiceRow } from './status.ts';
