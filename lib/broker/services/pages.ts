// The status of a broker in pages, because a line has an end and the number of services has none: first the services here by
// name, then those of the other brokers. Whoever asks for the page behind the last name of the one before sees each service
// once, also when others come and go meanwhile.

import type { BrokerStatus, ClusterRow, ServiceRow } from '../status.ts';
import { serviceRow } from '../status.ts';
import type { Mailbox } from './mailbox.ts';

/** Characters of one page, about: as a parameter it has to fit into a line of 1 MiB twice over. */
const pageSize = 256 * 1024;
/** Processes of one service that are described; `processes` counts them all. */
const mostMembers = 20;

type Other = ClusterRow['others'][number];

export interface Page {
  readonly status: BrokerStatus;
  /** What to ask for next; undefined where this was the last page. */
  readonly more: string | undefined;
}

export interface PageSources {
  /** All that is no list. */
  readonly head: BrokerStatus;
  readonly mailboxes: ReadonlyMap<string, Mailbox>;
  readonly others: readonly Other[];
}

/** @param after `NAME` of a service here, or `SERVER:NAME` of one elsewhere; empty for the first page */
export function pageOf({ head, mailboxes, others }: PageSources, after: string): Page {
  const room = { left: pageSize };
  const here = after.includes(':') ? { rows: [] } : servicesOf(mailboxes, after, room);
  const elsewhere = here.more === undefined ? othersOf(others, after.includes(':') ? after : ':', room) : { rows: [] };
  const cluster = { ...head.cluster, others: elsewhere.rows };
  return { status: { ...head, services: here.rows, cluster }, more: here.more ?? elsewhere.more };
}

/** Names in their order behind one of them, as many as there is room for; `more` is the last of these where others follow. */
export function namesAfter(
  names: Iterable<string>,
  after: string,
): { readonly names: string[]; readonly more?: string } {
  const left = [...names].filter(name => name > after).sort(inOrder);
  let length = 0;
  const end = left.findIndex(name => {
    length += name.length + 1;
    return length > pageSize;
  });
  const more = left[end - 1];
  return more === undefined ? { names: left } : { names: left.slice(0, end), more };
}

const inOrder = (a: string, b: string): number => (a < b ? -1 : 1);

interface Room {
  left: number;
}

interface Rows<T> {
  readonly rows: T[];
  readonly more?: string | undefined;
}

function servicesOf(mailboxes: ReadonlyMap<string, Mailbox>, after: string, room: Room): Rows<ServiceRow> {
  const rows: ServiceRow[] = [];
  for (const name of [...mailboxes.keys()].filter(name => name > after).sort(inOrder)) {
    if (room.left <= 0) return { rows, more: rows.at(-1)?.name };
    const row = serviceRow(mailboxes.get(name) as Mailbox, mostMembers);
    room.left -= JSON.stringify(row).length;
    rows.push(row);
  }
  return { rows };
}

function othersOf(others: readonly Other[], after: string, room: Room): Rows<Other> {
  const [from = '', name = ''] = after.split(':');
  const rows: Other[] = [];
  for (const { server, services } of [...others].sort((a, b) => inOrder(a.server, b.server))) {
    if (server < from) continue;
    const left = server === from ? services.filter(one => one > name) : services;
    if (server === from && name !== '' && left.length === 0) continue;
    if (room.left <= 0) return { rows, more: `${server}:` };
    const shown: string[] = [];
    rows.push({ server, services: shown });
    room.left -= server.length + 40;
    for (const one of [...left].sort(inOrder)) {
      if (room.left <= 0) return { rows, more: `${server}:${shown.at(-1) ?? ''}` };
      room.left -= one.length + 3;
      shown.push(one);
    }
  }
  return { rows };
}
