export { Authenticator } from './authenticator.ts';
export { AllowedKeys, keyPair, publicKey, publicKeysOf } from './certificates.ts';
export type { ZeroMq } from './library.ts';
export { loadZeroMq } from './library.ts';
export type { ClientKeys, ServerKeys, ZeroMqSettings } from './options.ts';
export type { Place } from './place.ts';
export { formatPlace, isPrivate, parsePlace } from './place.ts';
export type { IntakeEvents, SocketEvents } from './sockets.ts';
export {
  bindPub,
  bindPull,
  connectPush,
  connectSub,
  Intake,
  isFull,
  isInUse,
  Outlet,
  placeOf,
  publishPast,
  reconnect,
} from './sockets.ts';
