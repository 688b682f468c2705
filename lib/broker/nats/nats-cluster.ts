// Brokers that find each other over NATS (wire.ts says under which subjects). Whoever speaks under them is a broker: who may
// is for the accounts and permissions of NATS to say.
//
//   presence    a beat each second, the whole at each change and when asked (presence/announcing.ts); one that is silent for 5 s is not there, after an hour it is forgotten. While our own beats
//               do not come back, nobody's silence counts (others.ts): then it is we who are cut off
//   forward     kept here until the other broker has told what became of it (route.ts, intake.ts)
//   broadcast   told once: who is not connected in that moment misses it
//   keep        in a work queue of JetStream (kept.ts)
//
// While NATS is away, all of a machine goes on; what is for those who were there waits here, within limits.

import type { Cancel } from '../../base/clock.ts';
import { NetworkError, reasonOf, UsageError } from '../../base/errors.ts';
import { guarded } from '../../base/guard.ts';
import type { StateTable } from '../../base/state-table.ts';
import { StateMachine } from '../../base/state-table.ts';
import type { Nats } from '../../connection/index.ts';
import { NatsBackplane, subjectWord } from '../../connection/index.ts';
import type { Message } from '../../message/index.ts';
import { decode, encode } from '../../message/index.ts';
import type { NatsLine, NatsPacket } from '../../transport/nats/index.ts';
import type { Cluster, ClusterNode, ClusterState, ClusterStatus, Presence, Reach } from '../cluster.ts';
import { NotHere } from '../cluster.ts';
import type { ClusterSettings, NatsClusterOptions } from './cluster-options.ts';
import { settleCluster } from './cluster-options.ts';
import { Forwarding } from './forwarding.ts';
import { Kept } from './kept.ts';
import { Announcing } from './presence/announcing.ts';
import { Others } from './presence/others.ts';
import type { Beat, Subjects } from './wire.ts';
import { readBeat, subjectsOf, unpacked } from './wire.ts';

type ClusterStep = 'join' | 'opened' | 'lost' | 'leave';

export const natsClusterTable: StateTable<ClusterState, ClusterStep> = {
  alone: { join: 'joining', leave: 'left' },
  joining: { opened: 'up', lost: 'joining', leave: 'left' },
  up: { opened: 'up', lost: 'down', leave: 'left' },
  down: { opened: 'up', lost: 'down', leave: 'left' },
  left: {},
};

export class NatsCluster implements Cluster {
  readonly #nats: Nats;
  readonly #settings: ClusterSettings;
  readonly #subjects: Subjects;
  readonly #others: Others;
  readonly #announcing: Announcing;
  readonly #backplane: NatsBackplane;
  readonly #kept: Kept;
  readonly #machine = new StateMachine<ClusterState, ClusterStep>(natsClusterTable, 'alone');
  readonly #leaving: Cancel[] = [];
  #node: ClusterNode | undefined;
  #forwarding: Forwarding | undefined;
  #here: ReadonlySet<string> = new Set();
  #trouble: string | undefined;
  #keptTrouble: string | undefined;
  #cancelBeat: Cancel | undefined;

  /**
   * `nats` belongs to the communicator of the broker, and may serve others too.
   * @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_NAME
   */
  constructor(nats: Nats, options: NatsClusterOptions = {}) {
    this.#settings = settleCluster(options);
    const { prefix, presence, kept, clock } = this.#settings;
    this.#nats = nats;
    this.#subjects = subjectsOf(prefix);
    this.#others = new Others(presence);
    this.#announcing = new Announcing({ nats, subjects: this.#subjects, clock, changed: () => this.#changed() });
    this.#backplane = new NatsBackplane(nats, { prefix: `${prefix}.cluster` });
    this.#kept = new Kept(prefix, kept, {
      clock,
      here: () => this.#here,
      isFirst: () => this.#others.live.every(({ server }) => server > (this.#announcing.presence?.server ?? '')),
      present: () => this.#present,
      take: (message, left) => this.#take(message, left),
      expired: message => this.#node?.expired(message),
      stored: service => this.#stored(service),
      trouble: words => {
        if (words === this.#keptTrouble) return;
        this.#keptTrouble = words;
        this.#changed();
      },
    });
  }

  get others(): readonly Presence[] {
    return this.#others.live;
  }

  get status(): ClusterStatus {
    const away = this.#machine.state === 'joining' || this.#machine.state === 'down';
    return {
      state: this.#machine.state,
      computers: this.#others.size + 1,
      live: (away ? 0 : this.#others.live.length) + 1,
      waiting: this.#forwarding?.waiting ?? 0,
      waitingBytes: this.#forwarding?.bytes ?? 0,
      trouble:
        (away ? this.#nats.lastError?.message : undefined) ??
        this.#trouble ??
        this.#announcing.trouble ??
        this.#keptTrouble,
    };
  }

  async join(node: ClusterNode): Promise<void> {
    if (node.presence.server === '') throw new UsageError('INVALID_NAME', 'a broker of a cluster has a name');
    this.#machine.step('join');
    this.#node = node;
    this.#note(node.presence);
    this.#listen(node.presence.server);
    this.#nats.on('open', this.#opened).on('lost', this.#lost).on('close', this.#closed);
    if (this.#nats.line !== undefined) this.#opened(this.#nats.line);
    this.#beatLater();
  }

  announce(presence: Presence): void {
    const before = this.#here;
    this.#note(presence);
    this.#announcing.whole();
    if (![...this.#here].every(word => before.has(word))) this.#kept.look();
  }

  async forward(server: string, message: Message): Promise<void> {
    const forwarding = this.#forwarding;
    if (forwarding === undefined || this.#machine.state === 'left') {
      throw new NetworkError('CLOSED', 'this broker is in no cluster');
    }
    if (this.#machine.state === 'up' && !this.#others.isKnown(server)) {
      throw new NotHere(`there is no server ${server}`, message.command);
    }
    await forwarding.forward(server, message);
  }

  broadcast(message: Message, reach: Reach): void {
    this.#backplane.publish(reach === 'public' ? 'public' : this.#privately, encode(message));
  }

  async keep(message: Message, ttl: number): Promise<boolean> {
    return this.#machine.state === 'up' && this.#kept.keep(message, ttl);
  }

  async leave(patience: number): Promise<void> {
    const { state } = this.#machine;
    if (!this.#machine.attempt('leave') || state === 'alone') return;
    this.#cancelBeat?.();
    this.#kept.end();
    this.#announcing.say(this.#subjects.gone, {});
    await this.#forwarding?.settled(patience);
    this.#end();
  }

  /** Words of all services that are anywhere. */
  get #present(): ReadonlySet<string> {
    const words = this.#others.live.flatMap(({ services }) => services.map(({ name }) => subjectWord(name)));
    return new Set([...this.#here, ...words]);
  }

  get #privately(): string {
    return `private ${this.#settings.network}`;
  }

  #listen(server: string): void {
    const { here, ask, gone, hint } = this.#subjects;
    const { clock, outbox } = this.#settings;
    const hear = (subject: string, heard: (beat: Beat) => void): Cancel =>
      this.#nats.subscribe(subject, packet => {
        const beat = beatOf(packet);
        if (beat !== undefined) heard(beat);
      });
    this.#leaving.push(
      hear(here, beat => this.#heard(beat)),
      hear(gone, beat => this.#others.gone(beat) && this.#changed()),
      this.#nats.subscribe(ask, ({ bytes }) => {
        const { head } = unpacked(bytes);
        if (head.to === undefined || head.to === server) this.#announcing.asked(head);
      }),
      this.#nats.subscribe(hint, ({ bytes }) => this.#kept.hint(Buffer.from(bytes).toString())),
      this.#backplane.subscribe((path, text) => this.#hear(path, text)),
    );
    const take = (message: Message): Promise<void> => this.#take(message);
    const isKnown = (name: string): boolean => this.#others.isKnown(name);
    const subjects = this.#subjects;
    this.#forwarding = new Forwarding({ server, nats: this.#nats, subjects, outbox, clock, take, isKnown });
  }

  readonly #opened = (line: NatsLine): void => {
    if (!this.#machine.attempt('opened')) return;
    this.#trouble = undefined;
    this.#keptTrouble = undefined;
    this.#announcing.say(this.#subjects.ask, {});
    this.#announcing.whole();
    this.#forwarding?.opened();
    this.#kept.open(line);
    this.#changed();
  };

  readonly #lost = (): void => {
    this.#kept.lost();
    if (this.#machine.attempt('lost')) this.#changed();
  };

  /** The connection has ended for good, and with it all that was under way. */
  readonly #closed = (): void => {
    this.#machine.attempt('leave');
    this.#cancelBeat?.();
    this.#kept.end();
    this.#end();
  };

  #end(): void {
    this.#nats.off('open', this.#opened).off('lost', this.#lost).off('close', this.#closed);
    for (const leave of this.#leaving.splice(0)) leave();
    this.#announcing.end();
    this.#forwarding?.end();
  }

  #note(presence: Presence): void {
    this.#announcing.note(presence);
    this.#here = new Set(presence.services.map(({ name }) => subjectWord(name)));
  }

  #beatLater(): void {
    const { clock, presence } = this.#settings;
    this.#cancelBeat = clock.after(presence.beat, () => {
      this.#beatLater();
      this.#announcing.beat();
      const { changed, forgotten } = this.#others.sweep(clock.now());
      for (const server of forgotten) this.#forwarding?.forget(server);
      this.#forwarding?.beat();
      this.#kept.lookAgain();
      if (changed) this.#changed();
    });
  }

  #heard(beat: Beat): void {
    const { server, life } = this.#announcing.presence ?? {};
    if (beat.server === server) {
      if (beat.life === life) return this.#others.ownBeat(this.#settings.clock.now());
      this.#trouble = `another broker of this cluster is called ${beat.server} too`;
      return this.#changed();
    }
    const news = this.#others.beat(beat, this.#settings.clock.now());
    if (news === 'ask') {
      this.#announcing.say(this.#subjects.ask, { to: beat.server, ...this.#others.wanted(beat.server) });
    } else if (news === 'changed') this.#changed();
  }

  #hear(path: string, text: string): void {
    if (path !== 'public' && path !== this.#privately) return;
    guarded(
      () => {
        const message = decode(text);
        if (message !== undefined) this.#node?.hear(message);
      },
      error => {
        this.#trouble = `a broadcast was not heard: ${reasonOf(error)}`;
      },
    );
  }

  async #take(message: Message, left?: number): Promise<void> {
    if (this.#node === undefined) throw new NotHere('this broker has left', message.command);
    await this.#node.take(message, left);
  }

  #stored(service: string): void {
    const word = subjectWord(service);
    this.#kept.hint(word);
    guarded(
      () => this.#nats.publish(this.#subjects.hint, Buffer.from(word)),
      () => undefined,
    );
  }

  #changed(): void {
    guarded(
      () => this.#node?.changed(),
      () => undefined,
    );
  }
}

function beatOf({ bytes }: NatsPacket): Beat | undefined {
  return readBeat(unpacked(bytes).head);
}
