// Where links are: on a path, which is /api/socket unless another one is named.

import type { Address } from '../../../base/address.ts';
import { parseAddress } from '../../../base/address.ts';

const linkPath = '/api/socket';

const web: ReadonlySet<string> = new Set(['ws', 'wss']);

/** @throws UsageError INVALID_ADDRESS */
export function linkAddress(text: string): Address {
  const address = parseAddress(text, 'ws');
  const { scheme, path } = address;
  return web.has(scheme) && (path === '' || path === '/') ? { ...address, path: linkPath } : address;
}
