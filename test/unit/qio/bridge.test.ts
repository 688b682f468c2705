// The page at /iframe, at work: its script runs here against a server in memory, in the place of a browser.

import vm from 'node:vm';
import t from 'tap';
import { ok } from './answers.ts';
import { FakeExchange, Stage, settled } from './stage.ts';
import { testApp } from './test-app.ts';

interface Said {
  readonly type: string;
  readonly instanceId: string;
  readonly data: unknown;
}

/** A browser with one page in it. */
class Browser {
  readonly said: Said[] = [];
  readonly location = { hostname: 'localhost', search: '?instanceId=7&pollFrequency=1' };
  readonly parent = { postMessage: (text: string) => void this.said.push(JSON.parse(text) as Said) };
  readonly requests: FakeExchange[] = [];
  readonly #stage: Stage;
  #listener: (message: object) => void = () => undefined;

  constructor(stage: Stage, page: string) {
    this.#stage = stage;
    const script = /<script>([\s\S]*)<\/script>/.exec(page)?.[1] ?? '';
    const { location, parent } = this;
    vm.runInNewContext(script, {
      location,
      parent,
      crypto,
      URLSearchParams,
      JSON,
      Uint8Array,
      clearTimeout: () => undefined,
      setTimeout: (run: (body: string) => void, _ms: number, body: string) => setImmediate(run, body),
      addEventListener: (_name: string, listener: (message: object) => void) => {
        this.#listener = listener;
      },
      XMLHttpRequest: this.#requestType(),
    });
  }

  /** The page above says something. */
  async post(type: string, data: unknown, source: unknown = this.parent, instanceId = '7'): Promise<void> {
    this.#listener({ source, data: JSON.stringify({ from: 'QuickIO', type, instanceId, data }) });
    await settled();
  }

  listen(message: object): void {
    this.#listener(message);
  }

  get heard(): unknown[] {
    return this.said.splice(0).map(({ type, data }) => (type === 'events' ? data : type));
  }

  #requestType(): unknown {
    const { requests } = this;
    const stage = this.#stage;
    return class {
      onload: () => void = () => undefined;
      onerror: () => void = () => undefined;
      status = 0;
      responseText = '';
      #url = '';
      open(_method: string, url: string): void {
        this.#url = url;
      }
      send(body: string): void {
        const exchange = new FakeExchange(this.#url, body);
        const answer = exchange.answer.bind(exchange);
        exchange.answer = (status, headers, text) => {
          answer(status, headers, text);
          this.status = status;
          this.responseText = exchange.text;
          queueMicrotask(() => this.onload());
        };
        requests.push(exchange);
        stage.port.events?.request(exchange);
      }
    };
  }
}

async function opened() {
  const stage = new Stage();
  const server = await stage.server({ apps: [testApp()], web: { publicAddress: 'localhost' } });
  const page = await stage.post('/iframe?instanceId=7', '', { method: 'GET', headers: {} });
  const browser = new Browser(stage, page.text);
  await settled();
  return { stage, server, page: page.text, browser };
}

t.test('a page says events through it, and hears them', async t => {
  const { stage, server, browser } = await opened();
  t.match(browser.said, [{ from: 'QuickIO', type: 'ready', instanceId: '7', data: null }]);
  browser.heard;
  t.equal(browser.requests[0]?.url.replace(/[0-9a-f]{32}/, 'SID'), '/?sid=SID&connect=true');
  await browser.post('event', '/qio/on:1="/test/good"');
  t.same(browser.heard, [[ok(1)]]);
  for (let n = 0; n < 3; n += 1) {
    server.broadcast('/test/good', n);
    await settled();
  }
  t.same(
    browser.heard,
    [0, 1, 2].map(n => [`/test/good:0=${n}`]),
  );
  await browser.post('event', '/qio/ping:2=');
  t.same(browser.heard, [[ok(2)]]);
  t.ok(browser.requests.filter(({ status }) => status === undefined).length >= 1, 'a poll waits');
  await stage.end();
});

t.test('it hears its own page alone, and stops when it is told', async t => {
  const { stage, browser } = await opened();
  browser.heard;
  await browser.post('event', '/qio/ping:1=', {});
  await browser.post('event', '/qio/ping:2=', browser.parent, '8');
  for (const data of ['no JSON', 'null', 7]) browser.listen({ source: browser.parent, data });
  await settled();
  t.same(browser.heard, []);
  await browser.post('close', null);
  const count = browser.requests.length;
  await browser.post('event', '/qio/ping:3=');
  t.equal(browser.requests.length, count);
  await stage.end();
});

t.test('a session that is lost is an error, once', async t => {
  const { stage, browser } = await opened();
  browser.heard;
  await browser.post('event', 'lolno');
  t.same(browser.heard, ['error']);
  await stage.end();
});

t.test('at another name it goes to the right one; a name is no way out of the page', async t => {
  const { stage, page } = await opened();
  const location = { hostname: 'elsewhere', search: '' };
  const script = /<script>([\s\S]*)<\/script>/.exec(page)?.[1] ?? '';
  vm.runInNewContext(script, { location });
  t.equal(location.hostname, 'localhost');
  const { iframePage } = await import('../../../lib/protocol/qio/server/pages.ts');
  t.notMatch(iframePage('</script><b>'), '</script><b>');
  await stage.end();
});
