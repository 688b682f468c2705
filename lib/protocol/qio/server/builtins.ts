// The events that each server has: /qio/ping, hostname, on, off and callback. Nobody subscribes to them.

import type { Found } from '../definitions/router.ts';
import type { Call, QioApp } from '../definitions.ts';
import { handled, QioRefusal } from '../definitions.ts';
import { cleanPath, codes, paths, readId } from '../wire.ts';
import type { Apps } from './apps.ts';
import type { EventCall } from './calls.ts';
import type { Place } from './topics.ts';

const nobody = { on: () => false };

export function builtins(apps: Apps): QioApp {
  return {
    name: 'qio',
    prefix: paths.reserved,
    events: {
      '/ping': { ...nobody, handler: () => null },
      '/hostname': { ...nobody, handler: () => apps.host.hostname() },
      '/on': { ...nobody, handler: call => subscribe(apps, call) },
      '/off': { ...nobody, handler: call => unsubscribe(apps, call) },
      '/callback': { ...nobody, handlesChildren: true, handler: call => fire(apps, call) },
    },
  };
}

function subscribe(apps: Apps, call: Call): typeof handled {
  const { path, data } = wishOf(call.json) ?? notAPath();
  apps.desk.on(find(apps, path), data, inner(call));
  return handled;
}

function unsubscribe(apps: Apps, call: Call): null {
  const path = plainPath(call.json) ?? notAPath();
  apps.desk.off(inner(call).client, find(apps, path));
  return null;
}

function fire(apps: Apps, call: Call): typeof handled {
  const { client, wireId } = inner(call);
  const id = readId(call.extra.slice(1));
  if (id === undefined || id === 0) throw new QioRefusal(codes.badData, 'invalid server callback id');
  const answered = client.takeCallback(id);
  if (answered === undefined) throw new QioRefusal(codes.unknown, "callback doesn't exist");
  apps.host.counters.callbacksFired += 1;
  answered(wireId, call.json);
  return handled;
}

interface Asked {
  readonly path: string;
  readonly data: unknown;
}

/** `"path"`, or `["path", data]`. */
function wishOf(json: string): Asked | undefined {
  const path = plainPath(json);
  if (path !== undefined) return { path, data: undefined };
  if (!json.startsWith('[')) return undefined;
  try {
    const list = JSON.parse(json) as unknown[];
    const [first, data] = list;
    return typeof first === 'string' && list.length >= 2 ? { path: first, data } : undefined;
  } catch {
    return undefined;
  }
}

/** All behind the first quote: what is no letter of a path vanishes, the other quote too. */
function plainPath(json: string): string | undefined {
  return json.startsWith('"') ? json.slice(1) : undefined;
}

function find(apps: Apps, path: string): Found<Place> {
  const found = apps.router.find(cleanPath(path));
  if (found === undefined) throw new QioRefusal(codes.unknown);
  return found;
}

function notAPath(): never {
  throw new QioRefusal(codes.badData, 'invalid json ev_path');
}

function inner(call: Call): EventCall {
  return call as EventCall;
}
