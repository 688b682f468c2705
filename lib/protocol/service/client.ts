// A service: a program that runs for long, is found by its name, and talks to others through the broker of its machine.
//
// Its phases and their figure are in session.ts. One permanent client is its link: each new link begins with REGISTER, and
// what waits goes out when the broker has said READY.

import { EventEmitter } from 'node:events';
import { systemClock } from '../../base/clock.ts';
import { reasonOf, UsageError } from '../../base/errors.ts';
import { guarded, promised } from '../../base/guard.ts';
import { withDefaults } from '../../base/options.ts';
import { StateMachine } from '../../base/state-table.ts';
import type { Systemd } from '../../communicator/index.ts';
import { Communicator } from '../../communicator/index.ts';
import type { PermanentClient } from '../../connection/index.ts';
import type {
  Correspondent,
  DeliverOptions,
  Dispatcher,
  Handler,
  Match,
  Predicate,
  Receipt,
  RequestOptions,
  RuleOptions,
  Sending,
} from '../../dispatcher/index.ts';
import { systemCommands } from '../../dispatcher/index.ts';
import { often, serviceLogger } from '../../logging/index.ts';
import type { MessageDefinition, Values } from '../../message/index.ts';
import { answerParameter, Message, messageVersion, requestParameter } from '../../message/index.ts';
import { Once, OnceDispatcher } from './client/once.ts';
import type { OnceOptions } from './client/once-notes.ts';
import { checkedOnce, OnceNotes } from './client/once-notes.ts';
import type { ServiceOptions } from './client/options.ts';
import { brokersOf, checkedService, logDefaults } from './client/options.ts';
import type { ServiceState, ServiceStep } from './session.ts';
import { endLate, leavingTime, Registration, serviceTable } from './session.ts';
import { brokerName, messageTo } from './wire.ts';

export type ServiceEvents = {
  /** The broker knows it: at the start, and each time after the link was lost. */
  started: [];
  /** Each time the state changes. */
  state: [to: ServiceState];
  /** A message was accepted, and was not delivered. */
  dropped: [message: Message<unknown>, reason: Error];
};

export class Service {
  readonly name: string;
  /** Rules of every kind; `on` adds to it too. */
  readonly dispatcher: Dispatcher;
  readonly #options: ServiceOptions;
  readonly #machine = new StateMachine(serviceTable, 'idle');
  readonly #events = new EventEmitter();
  readonly #once: Once;
  #registration: Registration | undefined;
  #communicator: Communicator | undefined;
  /** With a communicator of its own. */
  #systemd: Systemd | undefined;
  #link: PermanentClient | undefined;
  #leaving: Promise<void> | undefined;
  /** The bare link while it registers: past what waits for READY. */
  #greeting: Correspondent | undefined;

  /** @throws UsageError INVALID_NAME, INVALID_VALUE, UNKNOWN_OPTION */
  constructor(name: string, options: ServiceOptions = {}) {
    this.#options = checkedService(name, options);
    this.name = name;
    const { trace } = withDefaults('log', logDefaults, options.log);
    this.#once = new Once(options.communicator?.clock ?? systemClock);
    this.dispatcher = new OnceDispatcher(this.#once, { trace, definitions: options.definitions })
      .on('HELP', (message, broker) => this.#help(message, broker), { fallback: true })
      .on('INVALID', message => this.#complaint(message), { fallback: true })
      .use(
        systemCommands({
          ready: () => this.#registration?.ready(),
          stop: () => void this.stop(),
          quitting: () => void this.stop(),
          logRotate: () => this.#communicator?.logger.reopen?.(),
        }),
      )
      .otherwiseUnknown();
  }

  get state(): ServiceState {
    return this.#machine.state;
  }

  /** Its link; it exists while it runs. */
  get link(): PermanentClient | undefined {
    return this.#link;
  }

  /** What its owner knows of it. @throws UsageError ILLEGAL_STEP before `run` */
  get communicator(): Communicator {
    if (this.#communicator !== undefined) return this.#communicator;
    throw new UsageError('ILLEGAL_STEP', `service ${this.name} does not run yet`);
  }

  /** As `dispatcher.on`. */
  on<P>(match: MessageDefinition<P>, handler: Handler<P>, options?: RuleOptions): this;
  on(match: string | RegExp | Predicate, handler: Handler, options?: RuleOptions): this;
  on(match: Match, handler: Handler<never>, options?: RuleOptions): this {
    this.dispatcher.on(match as string, handler as Handler, options);
    return this;
  }

  /** Calls `listener` at each event of that name. */
  when<K extends keyof ServiceEvents>(event: K, listener: (...values: ServiceEvents[K]) => unknown): this {
    const careful = (...values: ServiceEvents[K]): void =>
      guarded(
        () => listener(...values),
        error => this.#communicator?.logger.log('error', `a listener of "${event}" failed: ${reasonOf(error)}`),
      );
    this.#events.on(event, careful as () => void);
    return this;
  }

  /**
   * Runs until it is stopped: by `stop`, by STOP or QUITTING from the broker, or by SIGTERM or SIGINT.
   * @throws UsageError ILLEGAL_STEP when called twice, SPOOL_LOCKED; NetworkError SPOOL_FAILED; what `Communicator.run` throws
   */
  async run(): Promise<void> {
    this.#step('run');
    const communicator = this.#options.communicator ?? (await this.#ownCommunicator());
    const { once } = this.#options.link ?? {};
    if (once !== undefined) await this.#remember(communicator, checkedOnce(once));
    if (this.state === 'seeking') {
      this.#open(communicator);
      if (this.#options.communicator === undefined) await communicator.run();
      else await new Promise<void>(resolve => this.#events.once('ended', resolve));
    }
    await this.#once.close();
  }

  /** Handles what is under way, has confirmed what it sent, says UNREGISTER, and ends. */
  stop(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  /**
   * Sends to a service: `worker/JOB` or `server:worker/JOB` with parameters, or a message.
   * @throws LimitError OUTBOX_FULL, NetworkError CLOSED, UsageError INVALID_NAME
   */
  send(message: Message | string, parameters?: Values): Sending {
    return this.#use().send(this.#made(message, parameters));
  }

  /**
   * The same; resolves when that service has handled it, as far as the receipt says. It is handled once, also where it had to
   * be sent again. @throws see `Correspondent.deliver`, and PeerError REFUSED where the broker could not deliver it
   */
  deliver(message: Message | string, parameters?: Values, options?: DeliverOptions): Promise<Receipt> {
    return promised(() => this.#use().deliver(this.#once.named(this.#made(message, parameters)), options));
  }

  /** The same; resolves with the answer. @throws see `Correspondent.request` */
  request(message: Message | string, parameters?: Values, options?: RequestOptions): Promise<Message> {
    return promised(() => this.#use().request(this.#made(message, parameters), options));
  }

  #made(message: Message | string, parameters?: Values): Message {
    if (typeof message === 'string') return messageTo(message, parameters);
    return parameters === undefined ? message : message.with(parameters);
  }

  #use(): PermanentClient {
    if (this.#link !== undefined) return this.#link;
    throw new UsageError('ILLEGAL_STEP', `service ${this.name} does not run`);
  }

  async #ownCommunicator(): Promise<Communicator> {
    const { level, file, rotate } = withDefaults('log', logDefaults, this.#options.log);
    const logger = await serviceLogger({ name: this.name, level, file });
    const communicator = new Communicator({ logger });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const handling = communicator.signal(signal, () => {
        // A second one ends the process at once.
        handling.stop();
        void this.stop();
      });
    }
    if (rotate !== undefined) communicator.logRotate(rotate);
    this.#systemd = communicator.systemd({ ready: 'told' });
    return communicator;
  }

  /** Reads which messages an earlier life has handled. */
  async #remember(communicator: Communicator, once: OnceOptions): Promise<void> {
    try {
      this.#once.restore(await OnceNotes.open(once, communicator.clock, communicator.logger));
    } catch (error) {
      this.#attempt('over');
      if (this.#options.communicator === undefined) await communicator.stop(0);
      throw error;
    }
  }

  #open(communicator: Communicator): void {
    const { version, broker, link = {} } = this.#options;
    const { once: _, ...limits } = link;
    this.#communicator = communicator;
    this.#registration = new Registration(communicator.clock);
    const { dispatcher } = this;
    communicator.logger.log(
      'info',
      `service ${this.name}${version === undefined ? '' : ` ${version}`}, process ${process.pid}`,
    );
    const client = communicator.permanent(brokersOf(broker), {
      ...limits,
      name: this.name,
      dispatcher,
      opened: broker => this.#register(broker),
    });
    this.#link = client;
    client.on('open', () => this.#started());
    client.on('lost', () => this.#lost());
    client.on('dropped', (message, reason) => this.#events.emit('dropped', message, reason));
    client.on('close', () => this.#over());
  }

  #register(broker: Correspondent): Promise<void> | undefined {
    if (!this.#attempt('opened')) return undefined;
    this.#greeting = broker;
    const { secret, share } = this.#options;
    const parameters = { service: this.name, version: messageVersion, password: secret, _share: share };
    return this.#registration?.ask(broker, Message.of('REGISTER', parameters));
  }

  #started(): void {
    if (!this.#attempt('ready')) return;
    const { logger } = this.communicator;
    logger.log('info', 'registered', { service: this.name });
    this.#systemd?.ready();
    this.#events.emit('started');
  }

  #lost(): void {
    this.#registration?.lost();
    // The broker has closed behind UNREGISTER, or is gone: nothing is worth another link.
    if (this.state === 'leaving') this.#link?.stop();
    else this.#attempt('lost');
  }

  async #leave(): Promise<void> {
    const { state } = this;
    if (!this.#attempt('stop')) return;
    if (this.#link === undefined) return this.#over();
    const { clock, logger } = this.communicator;
    const ended = new Promise<void>(resolve => this.#events.once('ended', resolve));
    if (state !== 'started') this.#link?.stop();
    else this.#link?.send(Message.of('UNREGISTER', { service: this.name }));
    const cancel = clock.after(leavingTime, () => endLate(this.name, this.#link, logger));
    await ended;
    cancel();
    await this.#once.close();
  }

  /** The link has ended for good. */
  #over(): void {
    this.#attempt('over');
    if (this.#options.communicator === undefined) void this.#communicator?.stop();
    this.#events.emit('ended');
  }

  /** To the broker in the words of a C++ service. */
  #help(message: Message, asker: Correspondent): Sending {
    const list = this.dispatcher.commands.join(',');
    const { service } = message.from;
    const answer = { list, [answerParameter]: message.get(requestParameter) };
    if (service !== '' && service !== brokerName) return asker.send(message.reply('COMMANDS', { list }));
    const link = this.state === 'registering' ? (this.#greeting ?? asker) : asker;
    return link.send(Message.of('COMMANDS', answer));
  }

  #complaint(message: Message): void {
    const reason = message.get('message') ?? '';
    if (message.get('command') === 'REGISTER' && this.#registration?.refused(reason)) return;
    this.#communicator?.logger.log('error', `INVALID received about ${message.get('command') ?? 'a message'}`, {
      reason,
      [often]: 'INVALID',
    });
  }

  #attempt(event: ServiceStep): boolean {
    if (!this.#machine.can(event)) return false;
    this.#step(event);
    return true;
  }

  #step(event: ServiceStep): void {
    this.#machine.step(event);
    this.#events.emit('state', this.state);
  }
}
