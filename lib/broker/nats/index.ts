export type { NatsClusterOptions, PresenceTimes } from './cluster-options.ts';
export type { KeptLimits } from './jetstream.ts';
export { NatsCluster, natsClusterTable } from './nats-cluster.ts';
