// Requests over HTTP: pages, of ours and of the program, the script, and the sessions of those that poll. A session is found by its sid, 128 random bits
// that its client made: who does not know it has no way to it. A sid whose session is over opens a new one, which
// knows nothing of the old, and only with connect=true.

import type { Clock } from '../../../base/clock.ts';
import { asError, LimitError, reasonOf } from '../../../base/errors.ts';
import type { HttpExchange } from '../../../transport/index.ts';
import type { CarrierOwner } from '../session/carrier.ts';
import type { Counters, QioLimits, QioTimes } from '../session/host.ts';
import { PollingCarrier } from '../session/polling.ts';
import type { WebOptions } from './options.ts';
import { iframePage, noAddressPage } from './pages.ts';

/** The server, as far as polls need it. */
export interface PollsHost {
  readonly clock: Clock;
  readonly limits: QioLimits;
  readonly times: QioTimes;
  readonly counters: Counters;
  /** Without a public address where that cannot be resolved. */
  readonly web: WebOptions;
  /** A new client; false where there are too many. */
  open(carrierFor: (owner: CarrierOwner) => PollingCarrier): boolean;
  log(severity: 'warn' | 'error', text: string, fields?: object): void;
}

const scriptPath = '/qio/client.js';
const iframePath = '/iframe';
/** Hexadecimal digits beyond the 32 do not count. */
const sidPattern = /[?&]sid=([0-9a-f]{32})/i;
const digits = /^\d+$/;

type Headers = Readonly<Record<string, string>>;
const common: Headers = { 'cache-control': 'private, max-age=0', expires: '-1', 'content-type': 'text/plain' };
const html: Headers = { ...common, 'content-type': 'text/html; charset=utf-8' };
const last: Headers = { ...common, connection: 'close' };
const preflight: Headers = {
  'access-control-allow-methods': 'POST, OPTIONS',
  'access-control-allow-headers': 'content-type',
  'access-control-max-age': '86400',
};

export class Polls {
  readonly #host: PollsHost;
  readonly #sessions = new Map<string, PollingCarrier>();
  #script: Promise<string> | undefined;

  constructor(host: PollsHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#sessions.size;
  }

  request(exchange: HttpExchange): void {
    const { method, url, headers } = exchange;
    const { publicAddress, cors, page } = this.#host.web;
    if (url.split('?', 1)[0] === scriptPath) return this.#giveScript(exchange);
    const reads = method === 'GET' || method === 'HEAD';
    if (page !== undefined && reads && !url.startsWith(iframePath)) return void this.#givePage(exchange, page);
    if (publicAddress === undefined) return this.#answer(exchange, 501, noAddressPage, html);
    if (url.startsWith(iframePath)) return this.#answer(exchange, 200, iframePage(publicAddress), html);
    if (method === 'OPTIONS' && cors !== undefined) return this.#answer(exchange, 204, '', preflight);
    if (method !== 'POST') return this.#answer(exchange, 405, '');
    const length = headers['content-length'];
    if (length === undefined) return this.#answer(exchange, 411, '', last);
    if (!digits.test(length)) return this.#answer(exchange, 400, '', last);
    this.#read(exchange);
  }

  #read(exchange: HttpExchange): void {
    exchange.body(this.#host.limits.event).then(
      body => this.#take(exchange, body.toString()),
      (error: unknown) => {
        // Whoever left meanwhile needs no answer.
        if (error instanceof LimitError) this.#answer(exchange, 413, '', last);
      },
    );
  }

  #take(exchange: HttpExchange, body: string): void {
    const { url } = exchange;
    const sid = sidPattern.exec(url)?.[1]?.toLowerCase();
    if (sid === undefined) return this.#answer(exchange, 403, '');
    const carrier = this.#sessions.get(sid);
    if (carrier === undefined && url.includes('connect=true')) return this.#connect(exchange, sid, body);
    if (carrier === undefined) return this.#answer(exchange, 403, '');
    this.#host.counters.polls += 1;
    carrier.request(exchange, body);
  }

  #connect(exchange: HttpExchange, sid: string, body: string): void {
    const { clock, times } = this.#host;
    const reply = (to: HttpExchange, status: number, text: string): void => this.#answer(to, status, text);
    const opened = this.#host.open(owner => {
      const carrier = new PollingCarrier(exchange.remote, owner, {
        reply,
        times,
        now: () => clock.now(),
        over: () => this.#sessions.delete(sid),
      });
      this.#sessions.set(sid, carrier);
      return carrier;
    });
    if (!opened) return this.#answer(exchange, 503, '', last);
    this.#host.counters.polls += 1;
    this.#sessions.get(sid)?.request(exchange, body);
  }

  #giveScript(exchange: HttpExchange): void {
    const { script } = this.#host.web;
    if (script === '') return this.#answer(exchange, 404, '');
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return this.#answer(exchange, 405, '');
    this.#script ??= Promise.resolve(script).then(one => (typeof one === 'string' ? one : one()));
    this.#script.then(
      text => this.#answer(exchange, 200, text, { ...common, 'content-type': 'text/javascript; charset=utf-8' }),
      (error: unknown) => {
        this.#script = undefined;
        this.#host.log('error', `${scriptPath} cannot be had: ${asError(error).message}`);
        this.#answer(exchange, 500, '');
      },
    );
  }

  /** A page of the program, which looks after other origins itself. */
  async #givePage(exchange: HttpExchange, page: NonNullable<WebOptions['page']>): Promise<void> {
    const { url, headers } = exchange;
    const [path = ''] = url.split('?', 1);
    try {
      const found = await page({ path, query: url.slice(path.length + 1), headers });
      if (found === undefined) return exchange.answer(404, common);
      const { type, body, status = 200, headers: more } = found;
      exchange.answer(status, { ...common, 'content-type': type, ...more }, body);
    } catch (error) {
      this.#host.log('error', `the page ${path} cannot be had: ${reasonOf(error)}`);
      exchange.answer(500, common);
    }
  }

  #answer(exchange: HttpExchange, status: number, body: string, headers: Headers = common): void {
    exchange.answer(status, { ...headers, ...this.#corsFor(exchange) }, body);
  }

  #corsFor({ headers: { origin } }: HttpExchange): Headers {
    const { cors } = this.#host.web;
    if (cors === undefined || origin === undefined) return {};
    if (cors === '*') return { 'access-control-allow-origin': '*' };
    return cors.includes(origin) ? { 'access-control-allow-origin': origin, vary: 'origin' } : { vary: 'origin' };
  }
}
