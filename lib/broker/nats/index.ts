export type { KeptLimits, NatsClusterOptions } from './cluster-options.ts';
export { NatsCluster, natsClusterTable } from './nats-cluster.ts';
export type { PresenceTimes } from './presence/others.ts';
