// Recorded frames of the real programs, and what their replays have in common.

import { readFileSync } from 'node:fs';
import { event, request } from '../../lib/protocol/link/index.ts';
import type { Raw } from '../unit/link/stage.ts';

export interface Frame {
  readonly conn?: string;
  readonly dir?: 'c2s' | 's2c';
  readonly frame?: string;
  readonly text?: string;
  readonly code?: number | null;
  readonly reason?: string;
}
export interface Probe {
  readonly inbox: readonly string[];
  readonly closed: { readonly code: number; readonly reason: string } | null;
  readonly frames?: readonly Frame[];
}
interface ClientProbe {
  readonly serverGot: readonly (string | { readonly closed: number })[];
}
interface Recording {
  readonly sessions: { readonly [name: string]: readonly Frame[] | { readonly frames: readonly Frame[] } };
}
interface Golden {
  readonly sessions: { readonly [name: string]: readonly Frame[] };
  readonly probes: { readonly [name: string]: Probe };
  readonly clientProbes: { readonly [name: string]: ClientProbe };
}

function read(name: string): Golden {
  const all = JSON.parse(readFileSync(`test/golden/${name}.json`, 'utf8')) as Golden & Recording;
  // Some were recorded with more than their frames.
  const plain = Object.entries(all.sessions).map(([session, said]) => [session, 'frames' in said ? said.frames : said]);
  return { ...all, sessions: Object.fromEntries(plain) as Golden['sessions'] };
}
export const seed = read('link-seed');
export const sessions = read('link-sessions');
export const secret = 'c2VjcmV0IG9mIHRoZSB0ZXN0cw==';

const integer = { type: 'integer' } as const;
const any = { type: 'object' } as const;
const array = { type: 'array' } as const;
const yes = { type: 'boolean' } as const;
const fromControl = ['control-master'] as const;
const through = ['control-master', 'master-slave', 'slave-instance'] as const;
export const listSlaves = request('list_slaves', { links: fromControl, response: { list: array } });
export const listInstances = request('list_instances', { links: fromControl, response: { list: array } });
export const subscribe = request('set_instance_output_subscriptions', {
  links: fromControl,
  request: { instance_ids: array },
});
export const create = request('create_instance', { links: fromControl, request: { serialized_config: any } });
export const getConfig = request('get_instance_config', { links: fromControl, request: { instance_id: integer } });
export const command = request('assign_instance_command', {
  links: fromControl,
  request: { instance_id: integer, slave_id: integer },
});
export const assign = request('assign_instance', {
  links: ['master-slave'],
  request: { instance_id: integer, serialized_config: any },
});
const rcon = request('send_rcon', {
  links: through,
  forwardTo: 'instance',
  request: { command: { type: 'string' } },
  response: { result: { type: 'string' } },
});
const start = request('start_instance', {
  links: through,
  forwardTo: 'instance',
});
export const ping = request('ping', { links: ['control-master', 'master-control', 'slave-master'] });
const updated = event('update_instances', { links: ['slave-master'], event: { instances: array } });
export const output = event('instance_output', {
  links: ['instance-slave', 'slave-master', 'master-control'],
  forwardTo: 'controller',
  event: { instance_id: integer, output: any },
});
const chat = event('global_chat:chat', {
  links: ['instance-slave', 'slave-master', 'master-slave', 'slave-instance'],
  forwardTo: 'controller',
  broadcastTo: 'instance',
  event: { instance_name: { type: 'string' }, content: { type: 'string' } },
});
export const definitions = [
  ...[listSlaves, listInstances, subscribe, create, getConfig, command, assign, rcon, start],
  ...[updated, output, chat],
];

/** Messages of the session dialect besides, where they are other ones. */
export const sessionDefinitions = [
  ...definitions.filter(definition => definition !== updated),
  ping,
  request('update_instances', { links: ['slave-master'], request: { instances: array } }),
  request('set_log_subscriptions', {
    links: fromControl,
    request: { all: yes, master: yes, slave_ids: array, instance_ids: array, max_level: { type: ['string', 'null'] } },
  }),
  event('log_message', { links: ['slave-master', 'master-control'], event: { info: any } }),
  event('sync_user_lists', {
    links: ['master-slave'],
    event: { adminlist: array, banlist: array, whitelist: array },
  }),
];

/** What stands in the recording in the place of the configuration of an instance. */
export const config = { groups: [] };

/** Without what differs from run to run. */
export function plain(text: string): unknown {
  const value = JSON.parse(text) as { type: string; data: Record<string, unknown> };
  const { data } = value;
  for (const name of ['version', 'agent', 'token', 'session_token']) if (name in data) data[name] = `<${name}>`;
  if (value.type === 'assign_instance_request') data.serialized_config = config;
  return value;
}

export const said = (frames: readonly Frame[], dir: 'c2s' | 's2c'): string[] =>
  frames.filter(one => one.dir === dir && one.frame === 'text').map(({ text = '' }) => text);

/** What the recorded server got from a client that was probed. */
export const probed = (name: string): unknown[] =>
  (seed.clientProbes[name]?.serverGot ?? []).filter(one => typeof one === 'string').map(plain);

/** Says it; a token takes a while, anything else is answered at once. */
export async function tell(raw: Raw, text: string): Promise<void> {
  await (text.includes('"token"') ? raw.ask(text) : raw.say(text));
}
