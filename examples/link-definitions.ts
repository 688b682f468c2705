// What the example controller, its nodes and their instances say to each other. All sides share this file: it gives the
// types of senders and handlers, and what is checked at each end.

import { controlDefinitions, event, request } from 'ed-communicator/link';

const integer = { type: 'integer' } as const;
const text = { type: 'string' } as const;

export const startInstance = request('start_instance', {
  links: ['controller-node'],
  request: { instance_id: { type: 'integer', minimum: 1 } },
  response: { running: { type: 'array', items: integer } },
});

export const stopInstance = request('stop_instance', {
  links: ['controller-node'],
  request: { instance_id: integer },
  response: { running: { type: 'array', items: integer } },
});

export const reportLoad = request('report_load', {
  links: ['controller-node'],
  response: { load: { type: 'number' }, megabytes: integer, seconds: integer, instances: integer },
});

/** For an instance, wherever it runs: a control may send it to the controller, which knows the node. */
export const greet = request('greet', {
  links: ['control-controller', 'controller-node', 'node-instance'],
  forwardTo: 'instance', // adds instance_id
  request: { name: { type: 'string', minLength: 1, maxLength: 100 } },
  response: { greeting: text },
});

export const instanceStatus = event('instance_status', {
  links: ['node-controller'],
  event: { instance_id: integer, status: { enum: ['running', 'stopped'] } },
});

export const instanceOutput = event('instance_output', {
  links: ['instance-node', 'node-controller'],
  forwardTo: 'controller',
  event: { instance_id: integer, line: text },
});

/** What controls may send to nodes. */
export const requests = [startInstance, stopInstance, reportLoad, greet];

export const definitions = [...requests, instanceStatus, instanceOutput, ...controlDefinitions];
