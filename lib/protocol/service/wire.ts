// What is said in parameters and addresses: the wish for the cache, the name that makes a message once only, the mark of one
// that may come again, and where brokers are found.

import { UsageError } from '../../base/errors.ts';
import type { Values } from '../../message/index.ts';
import { isCommand, Message } from '../../message/index.ts';
import { againParameter } from '../../session/index.ts';

export { againParameter, markedAgain } from '../../session/index.ts';

/** Where a broker is, unless told otherwise (reference eventdispatcher §10.2). */
export const brokerAddress = {
  unix: 'unix:/run/communicator/communicatord.sock',
  tcp: 'tcp://127.0.0.1:4040',
  udp: 'udp://127.0.0.1:4041',
} as const;

/** The name of a broker among the services. */
export const brokerName = 'communicatord';

/** Asks for TRANSMISSION_REPORT with `transmission_report=failure`. */
export const reportParameter = 'transmission_report';
export const cacheParameter = 'cache';
/** Names a message in the world: one that comes twice with the same name is handled once. */
export const onceParameter = '_once';

/** Whether this service, in this life or an earlier one, may have handled the message before, or a part of it. */
export function mayBeRepeat(message: Message<unknown>): boolean {
  return message.has(againParameter);
}

/** What a sender wants for a service that is not there. */
export interface CacheWish {
  /** `keep`: until it comes, as long as `ttl`. */
  readonly choice: 'keep' | 'refuse';
  /** SERVICE_UNAVAILABLE is wanted where it is refused. */
  readonly reply: boolean;
  /** In ms. */
  readonly ttl: number;
}

/** 10 s to 1 day, 60 s where nothing or nonsense is said. */
export const cacheTimes = { least: 10_000, most: 86_400_000, usual: 60_000 } as const;

const units: { readonly [unit: string]: number } = {
  '': 1_000,
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Reads `no;reply;ttl=1h`; words that are not known are left aside. */
export function readCache(text: string | undefined): CacheWish {
  const words = (text ?? '').split(';').map(word => word.trim());
  const ttl = words.findLast(word => word.startsWith('ttl='))?.slice('ttl='.length);
  return {
    choice: words.includes('no') ? 'refuse' : 'keep',
    reply: words.includes('reply'),
    ttl: cacheTime(ttl),
  };
}

function cacheTime(text = ''): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/.exec(text) ?? [];
  const ms = Number(digits) * (units[unit] ?? Number.NaN);
  return ms >= cacheTimes.least && ms <= cacheTimes.most ? ms : cacheTimes.usual;
}

/** `[[server:]service/]COMMAND` with parameters, as a message. @throws UsageError INVALID_NAME, INVALID_VALUE */
export function messageTo(target: string, parameters: Values = {}): Message {
  const [, server, service = '', command = ''] = /^(?:(?:([^:/]*):)?([^:/]*)\/)?([^:/]*)$/.exec(target) ?? [];
  if (!isCommand(command)) throw new UsageError('INVALID_NAME', `"${target}" is no [[server:]service/]COMMAND`);
  return Message.of(command, parameters, { to: { server: server ?? '', service } });
}

const schemes: { readonly [scheme: string]: string } = { cd: 'tcp', cds: 'tls', cdu: 'udp' };

/** An address as ours; those of the C++ library (`cd:///run/x.sock`, `cd://host:4040`, `cds://…`) too. */
export function readBrokerAddress(text: string): string {
  const [, scheme = '', rest = ''] = /^(cd|cds|cdu):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === '') return text;
  return rest.startsWith('/') ? `unix:${rest}` : `${schemes[scheme]}://${rest}`;
}
