// The way to the other server. A client that is moved comes back there by itself, with all that it has subscribed to.

import type { QioApp, QioClient } from 'ed-communicator/qio';
import { QioRefusal } from 'ed-communicator/qio';

export function crossingApp(elsewhere: () => string | undefined): QioApp {
  return {
    name: 'crossing',
    prefix: '/crossing',
    events: {
      '/elsewhere': { on: () => false, handler: () => elsewhere() ?? null },
      '/cross': { on: () => false, handler: ({ client }) => cross(client, elsewhere()) },
    },
  };
}

function cross(client: QioClient, address: string | undefined): void {
  if (address === undefined) throw new QioRefusal(404, 'there is no other server');
  client.move(address);
}
