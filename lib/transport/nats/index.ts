export type { NatsLine, NatsLineEvents, NatsPacket } from './nats-line.ts';
export { dialNats, needNats } from './nats-line.ts';
export type { LoginSource, NatsDial, NatsLogin } from './options.ts';
export { checkDial, loginNow, natsAddress } from './options.ts';
