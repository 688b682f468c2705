// Messages of Clusterio 2.0.0-alpha.12, declared as ours: those that the tests with real programs use.

import { event, request } from '../../lib/protocol/link/index.ts';

const integer = { type: 'integer' } as const;
const text = { type: 'string' } as const;
const yes = { type: 'boolean' } as const;
const any = { type: 'object' } as const;
const array = { type: 'array' } as const;
const integers = { type: 'array', items: integer } as const;
const texts = { type: 'array', items: text } as const;
const slave = { type: 'object', properties: { id: integer, name: text, connected: yes } } as const;

export const ping = request('ping', {
  links: ['master-slave', 'slave-master', 'control-master', 'master-control'],
});
export const listSlaves = request('list_slaves', {
  links: ['control-master'],
  response: { list: { type: 'array', items: slave } },
});
export const getInstanceConfig = request('get_instance_config', {
  links: ['control-master'],
  request: { instance_id: integer },
  response: { serialized_config: any },
});
export const createInstance = request('create_instance', {
  links: ['control-master'],
  request: { serialized_config: any },
});
export const assignCommand = request('assign_instance_command', {
  links: ['control-master'],
  request: { instance_id: integer, slave_id: { type: ['integer', 'null'] } },
});
export const subscribeSaves = request('set_save_list_subscriptions', {
  links: ['control-master'],
  request: { all: yes, instance_ids: integers },
});
export const updateInstances = request('update_instances', {
  links: ['slave-master'],
  request: { instances: array },
});
export const assignInstance = request('assign_instance', {
  links: ['master-slave'],
  forwardTo: 'instance',
  request: { serialized_config: any },
});
export const getMetrics = request('get_metrics', {
  links: ['master-slave', 'slave-instance'],
  response: { results: array },
});
export const sendRcon = request('send_rcon', {
  links: ['control-master', 'master-slave', 'slave-instance'],
  forwardTo: 'instance',
  request: { command: text },
  response: { result: text },
});
export const saves = event('save_list_update', {
  links: ['instance-slave', 'slave-master', 'master-control'],
  forwardTo: 'controller',
  event: { instance_id: integer, list: array },
});
export const userLists = event('sync_user_lists', {
  links: ['master-slave'],
  event: { adminlist: texts, banlist: array, whitelist: texts },
});
export const statusChanged = event('instance_status_changed', {
  links: ['instance-slave', 'slave-master'],
  event: { instance_id: integer, status: text, game_port: { type: ['integer', 'null'] } },
  optional: ['game_port'],
});
export const logMessage = event('log_message', {
  links: ['slave-master', 'master-control'],
  event: { info: any },
});

export const definitions = [
  ...[ping, listSlaves, getInstanceConfig, createInstance, assignCommand, subscribeSaves],
  ...[updateInstances, assignInstance, getMetrics, sendRcon, saves, userLists, statusChanged, logMessage],
];

/** The configuration of an instance, as controls send it. */
export function instanceConfig(id: number): Record<string, unknown> {
  return { groups: [{ name: 'instance', fields: { name: `instance ${id}`, id, assigned_slave: null } }] };
}
