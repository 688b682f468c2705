// The pages that browsers get: the bridge at /iframe, for pages of other origins, and the one that says that there is none.
//
// A page and its bridge talk by postMessage, in texts of JSON: {from: 'QuickIO', type, instanceId, data}. The bridge says
// `ready`, `events` (a list of texts) and `error`; the page says `event` (one text) and `close`.

const page = (script: string): string =>
  `<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>QuickIO</title></head><body><script>${script}</script></body></html>\n`;

const common = `
var query = new URLSearchParams(location.search);
var instanceId = query.get('instanceId');
function say(type, data) {
  parent.postMessage(JSON.stringify({ from: 'QuickIO', type: type, instanceId: instanceId, data: data }), '*');
}`;

/** Polling is not possible here, and the page above it has to know. */
export const noAddressPage: string = page(`${common}\nsay('error', null);\n`);

/** A request may turn into the poll at any time, so two are open at most: one that waits, and one that brings events. */
const bridge = `
var frequency = Number(query.get('pollFrequency')) || 2000;
var timeout = Number(query.get('timeout')) || 60000;
var sid = Array.from(crypto.getRandomValues(new Uint8Array(16)), function (byte) {
  return (byte + 256).toString(16).slice(1);
}).join('');
var state = 'new', open = 0, waiting = [], timer;
function fail() {
  if (state === 'closed') return;
  close();
  say('error', null);
}
function close() {
  state = 'closed';
  clearTimeout(timer);
}
function request(body) {
  var http = new XMLHttpRequest();
  open += 1;
  http.open('POST', '/?sid=' + sid + (state === 'new' ? '&connect=true' : ''));
  http.timeout = timeout;
  http.onerror = http.ontimeout = fail;
  http.onload = function () {
    if (state === 'closed') return;
    if (http.status !== 200) return fail();
    state = 'known';
    open -= 1;
    var events = http.responseText.split('\\n').filter(Boolean);
    if (events.length > 0) say('events', events);
    next();
  };
  http.send(body);
}
function next() {
  if (state === 'closed') return;
  if (waiting.length > 0 && open < 2) return request(waiting.splice(0).join('\\n'));
  clearTimeout(timer);
  if (open === 0) timer = setTimeout(request, Math.random() * frequency, '');
}
addEventListener('message', function (message) {
  var said;
  try { said = JSON.parse(message.data); } catch (error) { return; }
  if (message.source !== parent || !said || said.from !== 'QuickIO' || said.instanceId !== instanceId) return;
  if (said.type === 'close') close();
  if (said.type === 'event' && state !== 'closed') { waiting.push(said.data); next(); }
});
say('ready', null);
request('');
`;

/** The bridge, which stays at `publicAddress`: a session is at one server. */
export function iframePage(publicAddress: string): string {
  const host = JSON.stringify(publicAddress).replace(/</g, '\\u003c');
  return page(`
if (location.hostname !== ${host}) location.hostname = ${host};
else (function () {${common}${bridge}})();
`);
}
