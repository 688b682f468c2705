export type { BackplaneFigures, NatsBackplaneOptions } from './backplane.ts';
export { NatsBackplane } from './backplane.ts';
export { Nats } from './nats.ts';
export type { NatsLimits, NatsOptions } from './nats-options.ts';
export type { NatsEvents, NatsState } from './nats-table.ts';
export { isPrefix, subjectWord, textOfWord } from './subject.ts';
