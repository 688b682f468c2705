// The application that the original's tests have.

import type { Call, QioApp, Subscribing } from '../../../lib/protocol/qio/index.ts';
import { event, QioRefusal } from '../../../lib/protocol/qio/index.ts';

/** Its delayed decisions take 10 ms of the clock. */
export function testApp(counts = { on: 0, off: 0 }): QioApp {
  const good = (call: Call): string => {
    if ((call.data as { key?: unknown } | undefined)?.key === 'value') return 'test';
    throw new QioRefusal(400, 'Error with "key" in json.');
  };
  const later = (who: Subscribing, verdict: boolean): Promise<boolean> =>
    new Promise(resolve => who.app.clock.after(10, () => resolve(verdict)));
  const counted = {
    on: () => {
      counts.on += 1;
    },
    off: () => {
      counts.off += 1;
    },
  };
  return {
    name: 'test',
    prefix: '/test',
    events: {
      '/good': { ...counted, handler: good },
      '/good2': { ...counted, handler: good },
      '/good-childs': { ...counted, handler: good, handlesChildren: true },
      '/good-data': { on: ({ data }) => data === 123_987 },
      '/delayed': { on: who => later(who, true), off: counted.off },
      '/delayed-childs': { handlesChildren: true, on: who => later(who, who.extra === '/child') },
      '/reject': { on: () => false, off: counted.off },
      '/delayed-reject': { on: who => later(who, false), off: counted.off },
      '/with-send': {
        on: who => who.subscribed(() => void who.app.send(who.client, '/with-send', 'with-send!')),
      },
      '/close': { handler: ({ client }) => client.close() },
      '/boom': {
        handler: () => {
          throw new Error('boom');
        },
        on: () => Promise.reject(new Error('boom')),
      },
      '/late-boom': event({
        read: data => Number(data),
        handler: call => Promise.reject(new Error(`late ${call.data}`)),
      }),
      '/slow': { handler: call => new Promise(resolve => call.app.clock.after(1_000, () => resolve(call.data))) },
    },
  };
}
