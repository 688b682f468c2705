// A service and its broker: what they say to each other, and the way to build a service.

export type { OnceOptions, OnceOrder } from './client/once-notes.ts';
export type { ServiceLink, ServiceLog, ServiceOptions } from './client/options.ts';
export type { ServiceEvents } from './client.ts';
export { Service } from './client.ts';
export type { Share } from './definitions.ts';
export {
  COMMANDS,
  LOADAVG,
  REGISTER,
  SERVICE_STATUS,
  STATUS,
  shares,
  TRANSMISSION_REPORT,
  UNREGISTER,
} from './definitions.ts';
export type { ServiceState } from './session.ts';
export { serviceTable } from './session.ts';
export type { CacheWish } from './wire.ts';
export {
  againParameter,
  brokerAddress,
  brokerName,
  cacheParameter,
  cacheTimes,
  markedAgain,
  mayBeRepeat,
  messageTo,
  onceParameter,
  readBrokerAddress,
  readCache,
  reportParameter,
} from './wire.ts';
