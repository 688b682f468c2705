// Text messages and events, joined by bridges: what crosses, and that nothing goes round.

import type { Test } from 'tap';
import t from 'tap';
import { Dispatcher, Message, memory } from '../../../lib/index.ts';
import type { Bridge, BridgeOptions, EventsClient } from '../../../lib/protocol/events/index.ts';
import { bridge } from '../../../lib/protocol/events/index.ts';
import { until, world } from '../../support/world.ts';
import { Stage } from './events-stage.ts';

/** A world of text in which everybody hears what anybody says. */
class Bus {
  readonly said: string[] = [];
  readonly #dispatchers: Dispatcher[] = [];

  join(client: EventsClient, names: Pick<BridgeOptions, 'commands' | 'events'>): Bridge {
    const dispatcher = new Dispatcher().otherwise(() => undefined);
    this.#dispatchers.push(dispatcher);
    return bridge(client, { dispatcher, ...names, send: message => this.say(message) });
  }

  say(message: Message): void {
    this.said.push(`${message.command} ${message.get('n') ?? message.get('value1')}`);
    for (const dispatcher of this.#dispatchers) dispatcher.dispatch(message, undefined as never);
  }
}

async function hub(t: Test): Promise<Stage> {
  const stage = new Stage(t);
  await stage.serve();
  return stage;
}

t.test('a command of a peer becomes an event, and an event a command to it', async t => {
  const stage = await hub(t);
  const [bridged, other] = [stage.client(), stage.client()];
  const { communicator, transports } = world({ transports: { memory: memory() } });
  t.teardown(() => communicator.stop(100));
  const dispatcher = new Dispatcher().otherwiseUnknown();
  const listener = communicator.listen('memory:text', {
    dispatcher,
    accepted: peer =>
      bridge(bridged, { dispatcher, commands: ['STATUS'], events: ['ALARM'], send: message => peer.send(message) }),
  });
  await listener.ready;
  const text = world({ transports });
  t.teardown(() => text.communicator.stop(100));
  const heard: Message[] = [];
  const answers = new Dispatcher().on(/./, message => heard.push(message));
  const peer = text.communicator.permanent('memory:text', { dispatcher: answers, outbox: { session: false } });
  const events: unknown[] = [];
  other.register('STATUS', (_event, content) => events.push(content));
  await other.ready();
  peer.send(Message.of('STATUS', { n: 7, text: 'all well', _request: 5 }));
  await until('the event came', () => events.length === 1);
  t.match(events, [{ n: '7', text: 'all well', _bridge: /^[0-9a-f]{12}$/ }]);
  t.notOk(Object.hasOwn(events[0] as object, '_request'), 'what belongs to a connection stays there');
  await bridged.ready();
  other.emit('ALARM', 'fire', 3, null, 2n ** 70n);
  other.emit('ALARM', { where: 'cellar', list: [1, 2] });
  await until('both commands came', () => heard.length === 2);
  t.match(
    heard.map(({ command }) => command),
    ['ALARM', 'ALARM'],
  );
  t.match(heard[0]?.parameters, { value1: 'fire', value2: '3', value3: '', value4: '1180591620717411303424' });
  t.match(heard[1]?.parameters, { where: 'cellar', list: '[1,2]' });
});

t.test('with two bridges between the same worlds, both ways, nothing goes round', async t => {
  const stage = await hub(t);
  const bus = new Bus();
  const [first, second, outside] = [stage.client(), stage.client(), stage.client()];
  const names = { commands: ['X'], events: ['X'] };
  const bridges = [bus.join(first, names), bus.join(second, names)];
  const events: unknown[] = [];
  outside.register('X', (_event, content) => events.push(content));
  await Promise.all([first.ready(), second.ready(), outside.ready()]);
  bus.say(Message.of('X', { n: 1 }));
  outside.emit('X', { n: '2' });
  const total = (): string => JSON.stringify(bridges.map(({ counts }) => counts));
  let before = '';
  while (before !== total()) {
    before = total();
    await Promise.all([first.ready(), second.ready(), outside.ready()]);
  }
  for (const { counts } of bridges) t.ok(counts.stopped > 0, JSON.stringify(counts));
  t.ok(bus.said.filter(words => words === 'X 1').length >= 1);
  t.ok(bus.said.filter(words => words === 'X 2').length >= 1, 'the event was said');
  t.ok(bus.said.length <= 20 && events.length <= 20, `${bus.said.length} said, ${events.length} events`);
  for (const one of bridges) one.close();
  const said = bus.said.length;
  outside.emit('X', { n: '3' });
  await Promise.all([first.ready(), second.ready(), outside.ready()]);
  t.equal(bus.said.length, said, 'closed bridges carry nothing');
});

t.test('a way of eight bridges is the longest, and options are checked', async t => {
  const stage = await hub(t);
  const client = stage.client();
  const bus = new Bus();
  const { counts } = bus.join(client, { commands: ['X'] });
  bus.say(Message.of('X', { _bridge: 'a+b+c+d+e+f+g' }));
  bus.say(Message.of('X', { _bridge: 'a+b+c+d+e+f+g+h' }));
  t.match(counts, { toEvents: 1, stopped: 1 });
  const dispatcher = new Dispatcher();
  const send = (): void => undefined;
  t.throws(() => bridge(client, { dispatcher, send: 1 as never }), { code: 'INVALID_VALUE' });
  t.throws(() => bridge(client, { dispatcher, send, commands: ['NO NAME'] }), { code: 'INVALID_NAME' });
  t.throws(() => bridge(client, { dispatcher, send, more: 1 } as never), { code: 'UNKNOWN_OPTION' });
});
