// Long polling: a session of requests. Each carries events to the server, or none, and is answered when the server has
// events, or at the latest when it has kept it for a while; so each of them is a poll.
//
//   opening    POST ?sid=…&connect=true    /qio/hostname:1=null  ▶  the name of the server, which the rest goes to
//   a batch    POST ?sid=…                 events, and /qio/ping:1=null
//   a poll     POST ?sid=…                 nothing
//
// Two requests may arrive in another order than they were sent. So a batch ends with a ping: until the server has
// answered that, the next batch waits, and gathers what is said meanwhile. Callback 1 is the line's own.

import type { Cancel } from '../../../base/clock.ts';
import { reasonOf } from '../../../base/errors.ts';
import { StateMachine } from '../../../base/state-table.ts';
import { callbackPath, paths, readEnvelope, writeEvent } from '../wire.ts';
import type { Line, LineHost } from './line.ts';
import type { Timing } from './options.ts';
import { pollingLineTable } from './table.ts';

/** What is needed of fetch. */
export type FetchLike = (
  url: string,
  request: { readonly method: 'POST'; readonly body: string; readonly signal: AbortSignal },
) => Promise<{ readonly status: number; text(): Promise<string> }>;

export interface PollingSettings {
  readonly fetch: FetchLike;
  readonly clock: Timing;
  readonly random: () => number;
  readonly limits: { readonly request: number; readonly poll: number };
}

const ownId = 1;
const ownAnswer = `${callbackPath(ownId)}:`;
const question = (path: string): string => `${writeEvent(path, ownId, '')}\n`;

export class PollingLine implements Line {
  readonly transport = 'polling';
  readonly firstId = ownId + 1;
  readonly #machine = new StateMachine(pollingLineTable, 'opening');
  readonly #settings: PollingSettings;
  readonly #host: LineHost;
  readonly #sid = newSid();
  readonly #over = new AbortController();
  #url: string;
  #waiting: string[] = [];
  #unsent = 0;
  /** Batches that the server has not confirmed: none or one. */
  #batches = 0;
  #requests = 0;
  #nextPoll: Cancel = () => undefined;

  constructor(url: string, settings: PollingSettings, host: LineHost) {
    this.#url = url;
    this.#settings = settings;
    this.#host = host;
  }

  get unsent(): number {
    return this.#unsent;
  }

  start(): void {
    void this.#post(question(paths.hostname), '&connect=true');
  }

  send(text: string): void {
    this.#unsent += text.length;
    // What is said in one turn goes in one request.
    if (this.#waiting.push(text) === 1) queueMicrotask(() => this.#next());
  }

  close(): void {
    if (this.#machine.attempt('close')) this.#next();
    else this.#end();
  }

  async #post(body: string, more = ''): Promise<void> {
    const { fetch, clock, limits } = this.#settings;
    const url = `${this.#url}${this.#url.includes('?') ? '&' : '?'}sid=${this.#sid}${more}`;
    const cancel = clock.after(limits.request, () => this.#lose(`no answer within ${limits.request} ms`));
    this.#nextPoll();
    this.#requests += 1;
    try {
      const answer = await fetch(url, { method: 'POST', body, signal: this.#over.signal });
      const text = answer.status === 200 ? await answer.text() : undefined;
      this.#requests -= 1;
      if (text === undefined) this.#lose(`the server answered ${answer.status}`);
      else this.#answered(text.split('\n').filter(line => line !== ''));
    } catch (error) {
      this.#lose(`no answer: ${reasonOf((error as Error).cause ?? error)}`);
    } finally {
      cancel();
    }
  }

  #answered(events: readonly string[]): void {
    if (this.#machine.can('open')) this.#greeted(events.find(event => event.startsWith(ownAnswer)));
    if (this.#machine.state === 'over') return;
    this.#host.heard();
    for (const event of events) {
      if (event.startsWith(ownAnswer)) this.#batches = 0;
      else if (this.#machine.state === 'open') this.#host.event(event);
    }
    // All requests are answered: whatever they carried has arrived.
    if (this.#requests === 0) this.#batches = 0;
    this.#next();
  }

  #greeted(answer: string | undefined): void {
    const envelope = readEnvelope(answer?.slice(answer.indexOf('=') + 1) ?? '');
    if (envelope?.code !== 200) return this.#lose('the server did not say its name');
    this.#url = this.#host.follow(envelope.data) ?? this.#url;
    this.#machine.step('open');
    this.#host.opened();
  }

  /** What is to be done now: a batch, or a poll after a while; or the end. */
  #next(): void {
    const { state } = this.#machine;
    if (state === 'over' || this.#batches > 0) return;
    if (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      this.#unsent = 0;
      this.#batches = 1;
      void this.#post(`${batch.join('\n')}\n${question(paths.ping)}`);
    } else if (state === 'draining') {
      this.#end();
    } else if (this.#requests === 0) {
      const { clock, random, limits } = this.#settings;
      this.#nextPoll();
      this.#nextPoll = clock.after(random() * limits.poll, () => void this.#post(''));
    }
  }

  #lose(reason: string): void {
    const { state } = this.#machine;
    this.#end();
    if (state === 'opening' || state === 'open') this.#host.lost(reason);
  }

  #end(): void {
    if (!this.#machine.attempt('end')) return;
    this.#nextPoll();
    this.#over.abort();
  }
}

/** 128 bits that nobody can guess, as 32 hex digits. */
function newSid(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join('');
}
