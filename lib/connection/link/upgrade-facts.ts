// What a WebSocket asked for when it connected, as programs see it.

import type { UpgradeFacts } from '../../dispatcher/index.ts';
import type { UpgradeRequest } from '../../transport/index.ts';

export function upgradeFacts({ url, headers }: UpgradeRequest): UpgradeFacts {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(mark < 0 ? '' : url.slice(mark))) {
    if (!query.has(name)) query.set(name, value);
  }
  const texts = Object.entries(headers).map(([name, value = '']) => [name, String(value)] as const);
  return Object.freeze({
    path,
    query: Object.freeze(Object.fromEntries(query)),
    headers: Object.freeze(Object.fromEntries(texts)),
  });
}
