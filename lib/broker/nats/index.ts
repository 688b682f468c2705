export type { KeptLimits, NatsClusterOptions, PresenceTimes } from './cluster-options.ts';
export { NatsCluster, natsClusterTable } from './nats-cluster.ts';
