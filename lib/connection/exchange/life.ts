// The life signs of a link with a session: asks after a silence, and ends the link of a dead peer.

import type { Cancel, Clock } from '../../base/clock.ts';
import { NetworkError } from '../../base/errors.ts';
import { often } from '../../logging/index.ts';
import type { Message } from '../../message/index.ts';
import type { HeartbeatLimits } from '../../session/index.ts';
import { beatMessage, beatSerial, Heartbeat } from '../../session/index.ts';
import type { Link } from '../link/link.ts';
import { consumed, outside } from '../link/link-role.ts';

export class Life {
  readonly #limits: HeartbeatLimits;
  readonly #clock: Clock;
  #heartbeat: Heartbeat | undefined;
  #link: Link | undefined;
  #cancel: Cancel | undefined;

  constructor(limits: HeartbeatLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  begin(link: Link): void {
    this.end();
    this.#link = link;
    if (this.#limits.dead === 0) return;
    this.#heartbeat = new Heartbeat(this.#limits, this.#clock.now());
    this.#watch(this.#heartbeat, link);
  }

  heard(): void {
    this.#heartbeat?.heard(this.#clock.now());
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#heartbeat = undefined;
  }

  /** ALIVE or ABSOLUTELY: as `LinkRole.arrive`. Those of programs have another serial. */
  sign(message: Message): number {
    if (message.get('serial') !== beatSerial) return outside;
    if (message.command === 'ALIVE' && this.#link?.canSend)
      this.#link.send(message.reply('ABSOLUTELY', { serial: beatSerial }));
    return consumed;
  }

  #watch(heartbeat: Heartbeat, link: Link): void {
    this.#cancel = this.#clock.after(Math.max(1, heartbeat.due - this.#clock.now()), () => {
      const now = this.#clock.now();
      const finding = link.listens ? heartbeat.check(now) : heartbeat.deaf(now);
      if (finding === 'dead') {
        const seconds = Math.round(heartbeat.silence(now) / 1000);
        link.role.logger.log('warn', `peer silent for ${seconds} s`, { connection: link.role.name, [often]: 'silent' });
        return link.destroy(new NetworkError('SILENT', `peer silent for ${seconds} s`));
      }
      if (finding === 'ask' && link.canSend) link.send(beatMessage());
      this.#watch(heartbeat, link);
    });
  }
}
