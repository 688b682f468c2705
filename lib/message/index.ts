export type { Conf, ConfProblem } from './conf.ts';
export { parseConf } from './conf.ts';
export type { Parameter, ParameterRules, Range, Shape, ValuesOf } from './definition.ts';
export {
  address,
  bigint,
  boolean,
  defineMessage,
  forbidden,
  integer,
  MessageDefinition,
  number,
  oneOf,
  string,
  timespec,
} from './definition.ts';
export type { DefinitionsOptions } from './definitions.ts';
export { Definitions, readDefinitions } from './definitions.ts';
export type { Admission } from './door.ts';
export { admit } from './door.ts';
export { lineBytes, written } from './encode.ts';
export { decodeJson, encodeJson } from './json.ts';
export type { Addressing, Place, TextParameters } from './message.ts';
export { answerParameter, Message, messageVersion, offerParameter, requestParameter } from './message.ts';
export { isCommand, isName, nameOfHost } from './names.ts';
export { ALIVE, READY, SERVICE_UNAVAILABLE } from './system.ts';
export { decode, encode } from './text.ts';
export type { HostPort, Timespec, Value, Values } from './values.ts';
export { timespecOf, writeTimespec } from './values.ts';
