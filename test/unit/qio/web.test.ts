// Requests that are no poll, or not right; pages, the script, and CORS.

import t from 'tap';
import type { Page, PageRequest } from '../../../lib/protocol/qio/index.ts';
import type { FakeExchange } from './stage.ts';
import { Stage } from './stage.ts';

const sid = '0123456789abcdef0123456789abcdef';
const at = `/?sid=${sid}`;
const connect = `${at}&connect=true`;
const hostname = '/qio/hostname:1=null';
const web = { publicAddress: 'localhost', script: '' };

t.test('what is wrong with a request', async t => {
  const stage = new Stage();
  await stage.server({ web });
  const rows: readonly (readonly [what: string, url: string, given: Partial<FakeExchange>, answer: string])[] = [
    ['no sid', '/', {}, '403'],
    ['102 a short one', '/?sid=abcd1234&connect=true', {}, '403'],
    ['102 a shorter one', '/?sid=0123&connect=true', {}, '403'],
    ['102 one with hyphens', '/?sid=01234567-89ab-cdef-0123-456789abcdef&connect=true', {}, '403'],
    ['one that is no number', `/?sid=${'g'.repeat(32)}&connect=true`, {}, '403'],
    ['an unknown one', at, {}, '403'],
    ['the name of another', `/?xsid=${sid}&connect=true`, {}, '403'],
    ['103 GET', at, { method: 'GET', headers: {} }, '405'],
    ['PUT', at, { method: 'PUT' }, '405'],
    ['OPTIONS', at, { method: 'OPTIONS', headers: {} }, '405'],
    ['105 no length', connect, { headers: {} }, '411'],
    ['105 a length that is none', connect, { headers: { 'content-length': 'af09' } }, '400'],
    ['the script, where there is none', '/qio/client.js', { method: 'GET', headers: {} }, '404'],
  ];
  for (const [what, url, given, answer] of rows) {
    const exchange = await stage.post(url, '', given);
    t.equal(exchange.short, answer, what);
    t.equal(exchange.answered.connection, answer === '411' || answer === '400' ? 'close' : undefined, what);
  }
  const long = await stage.post(connect, 'x'.repeat(1024 * 1024 + 1));
  t.equal(long.short, '413', '107');
  await stage.end();
});

t.test('91 without a public address nobody polls', async t => {
  const stage = new Stage();
  await stage.server();
  for (const given of [{}, { method: 'GET', headers: {} }]) {
    const exchange = await stage.post(connect, hostname, given);
    t.equal(exchange.status, 501);
    t.match(exchange.text, 'postMessage');
  }
  await stage.end();
});

t.test('89 the page for pages of other origins', async t => {
  const stage = new Stage();
  await stage.server({ web });
  const page = await stage.post('/iframe?instanceid=123', '', { method: 'GET', headers: {} });
  t.equal(page.status, 200);
  t.match(page.text, /^<!DOCTYPE html>/);
  t.match(page.answered, { 'content-type': /text\/html/ });
  await stage.end();
});

t.test('the script is asked for once, or again where it could not be had', async t => {
  const stage = new Stage();
  let asked = 0;
  const script = async (): Promise<string> => {
    asked += 1;
    if (asked === 1) throw new Error('not built');
    return 'export {};';
  };
  await stage.server({ web: { script } });
  const get = { method: 'GET', headers: {} };
  const answers: string[] = [];
  for (let n = 0; n < 3; n += 1) answers.push((await stage.post('/qio/client.js?v=1', '', get)).short);
  t.same([answers, asked], [['500', '200 export {};', '200 export {};'], 2]);
  t.equal((await stage.post('/qio/client.js')).short, '405');
  await stage.end();
});

t.test('CORS, where it is allowed', async t => {
  for (const [cors, origin, allowed] of [
    ['*', 'https://a', '*'],
    [['https://a'], 'https://a', 'https://a'],
    [['https://a'], 'https://b', undefined],
  ] as const) {
    const stage = new Stage();
    await stage.server({ web: { publicAddress: 'localhost', cors } });
    const asked = await stage.post(at, '', { method: 'OPTIONS', headers: { origin } });
    t.equal(asked.status, 204);
    t.match(asked.answered, { 'access-control-allow-methods': /POST/ });
    const said = await stage.post(connect, hostname, { headers: { origin, 'content-length': '20' } });
    for (const { answered } of [asked, said]) t.equal(answered['access-control-allow-origin'], allowed);
    await stage.end();
  }
});

t.test('pages of the program, on the same port', async t => {
  const asked: string[] = [];
  const page = async ({ path, query }: PageRequest): Promise<Page | undefined> => {
    asked.push(`${path} ${query}`);
    if (path === '/breaks') throw new Error('no disk');
    if (path !== '/') return undefined;
    return { type: 'text/html', body: '<p>hi', status: 203, headers: { 'cache-control': 'no-store' } };
  };
  for (const publicAddress of [undefined, 'localhost']) {
    const stage = new Stage();
    await stage.server({ web: { publicAddress, script: 'let qio;', page, cors: '*' } });
    const get = (url: string, method = 'GET') => stage.post(url, '', { method, headers: { origin: 'https://a' } });
    const home = await get('/?a=1&b');
    t.equal(home.short, '203 <p>hi');
    t.match(home.answered, { 'content-type': 'text/html', 'cache-control': 'no-store', expires: '-1' });
    t.equal(home.answered['access-control-allow-origin'], undefined, 'who may read it is for the page to say');
    t.equal((await get('/', 'HEAD')).status, 203);
    t.equal((await get('/../etc')).short, '404');
    t.equal((await get('/breaks')).short, '500');
    t.same(asked.splice(0), ['/ a=1&b', '/ ', '/../etc ', '/breaks ']);
    t.same(stage.log.texts('error'), ['the page /breaks cannot be had: no disk']);
    t.equal((await get('/qio/client.js')).short, '200 let qio;');
    t.match((await get('/iframe?instanceid=1')).text, 'postMessage');
    t.equal((await get('/', 'PUT')).status, publicAddress === undefined ? 501 : 405);
    t.equal((await stage.post(connect, hostname)).status, publicAddress === undefined ? 501 : 200);
    t.same(asked, [], 'what is ours is not asked for');
    await stage.end();
  }
});
