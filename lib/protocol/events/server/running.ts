// Whether a server runs at addresses that are taken: a frame goes in at one and comes out at the other.

import type { Clock } from '../../../base/clock.ts';
import { NetworkError } from '../../../base/errors.ts';
import type { ZeroMq } from '../../../transport/zeromq/index.ts';
import { Line } from '../client/line.ts';
import { clientKeys } from '../session/security.ts';
import { Outbox } from '../session.ts';
import type { EventsServerSettings } from './options.ts';

/** How long a server has to answer, in ms. */
const patience = 2_000;

export async function isRunning(zmq: ZeroMq, settings: EventsServerSettings, clock: Clock): Promise<boolean> {
  const { curve, limits } = settings;
  const nothing = (): void => undefined;
  const outbox = new Outbox({ count: 0, bytes: 0, age: 1, whenFull: 'reject' }, clock, nothing);
  const security = curve === undefined ? undefined : clientKeys(zmq, curve);
  const line = new Line(
    zmq,
    settings,
    { ...limits, linger: 0, security },
    {
      clock,
      outbox,
      taken: ([frame]) => void line.trips.heard(String(frame).split('\0', 1)[0] as string),
      up: nothing,
      down: nothing,
      refused: nothing,
      uncertain: nothing,
      failed: nothing,
      drained: nothing,
    },
  );
  const stop = (): void => line.close(new NetworkError('CLOSED', 'nobody answered'));
  const cancel = clock.after(patience, stop);
  try {
    await line.trips.begin();
    return true;
  } catch {
    return false;
  } finally {
    cancel();
    stop();
  }
}
