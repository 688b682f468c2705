export { loadNats } from './library.ts';
export type { NatsLine, NatsLineEvents, NatsPacket } from './nats-line.ts';
export { dialNats } from './nats-line.ts';
export type { NatsDial, NatsLogin } from './options.ts';
export { checkDial, natsAddress } from './options.ts';
