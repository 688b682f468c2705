// What every backplane must do, whatever it stands on.

import type { Test } from 'tap';
import t from 'tap';
import type { Backplane } from '../../lib/index.ts';
import { until } from '../support/world.ts';

export interface BackplaneCase {
  /** Another server's end, able to hear when it resolves. */
  end(): Promise<Backplane>;
  /** Resolves when what the ends subscribed to is known everywhere. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

interface Heard {
  readonly path: string;
  readonly text: string;
}

/** Gathers what an end hears. */
function ear(backplane: Backplane): Heard[] & { leave(): void } {
  const heard: Heard[] = [];
  const leave = backplane.subscribe((path, text) => heard.push({ path, text }));
  return Object.assign(heard, { leave });
}

const paths = [
  '/a',
  '',
  'a.b',
  '*',
  '>',
  'a b',
  'Grüße/東京',
  '\ud83d\ude80',
  '\ud800',
  '%2E',
  'x'.repeat(5_000),
  'ü'.repeat(900),
];
const texts = ['', '{"a":1}', 'two\nlines\r\n', 'Grüße 東京 🚀', '\u0000', '\ud800 alone', 'y'.repeat(100_000)];

export function backplaneContract(
  name: string,
  open: () => Promise<BackplaneCase>,
  skip: false | string = false,
): void {
  const test = (words: string, body: (t: Test, made: BackplaneCase) => Promise<void>): void => {
    t.test(`${name}: ${words}`, { skip }, async t => {
      const made = await open();
      t.teardown(() => made.close());
      await body(t, made);
    });
  };

  test('all others hear what one tells, and itself does not', async (t, made) => {
    const [one, two, three] = [await made.end(), await made.end(), await made.end()];
    const [atOne, atTwo, atThree] = [ear(one), ear(two), ear(three)];
    await made.settled();
    one.publish('/path', 'text');
    two.publish('/last', 'of two');
    await until('all has come', () => atThree.length === 2 && atOne.length === 1 && atTwo.length === 1);
    t.same([...atOne], [{ path: '/last', text: 'of two' }]);
    t.same([...atTwo], [{ path: '/path', text: 'text' }]);
    t.same(new Set(atThree.map(({ text }) => text)), new Set(['text', 'of two']));
  });

  test('each path and each text comes as it was told', async (t, made) => {
    const [one, two] = [await made.end(), await made.end()];
    const heard = ear(two);
    await made.settled();
    const told = [...paths.map(path => ({ path, text: 'x' })), ...texts.map(text => ({ path: '/p', text }))];
    for (const { path, text } of told) one.publish(path, text);
    await until('all has come', () => heard.length === told.length);
    t.same([...heard], told);
  });

  test('the order of one publisher is kept', async (t, made) => {
    const [one, two, three] = [await made.end(), await made.end(), await made.end()];
    const heard = ear(three);
    await made.settled();
    for (let number = 0; number < 3_000; number += 1) {
      one.publish('/one', String(number));
      two.publish(`/two/${number % 7}`, String(number));
    }
    await until('all has come', () => heard.length === 6_000);
    const numbers = Array.from({ length: 3_000 }, (_, number) => String(number));
    const from = (path: string): string[] => heard.filter(one => one.path.startsWith(path)).map(({ text }) => text);
    t.same(from('/one'), numbers);
    t.same(from('/two'), numbers);
  });

  test('each listener of one end hears until it leaves, and leaving twice does nothing', async (t, made) => {
    const [one, two] = [await made.end(), await made.end()];
    const [first, second] = [ear(two), ear(two)];
    await made.settled();
    one.publish('/p', 'both');
    await until('both have heard', () => first.length === 1 && second.length === 1);
    first.leave();
    first.leave();
    one.publish('/p', 'second alone');
    await until('the second has heard', () => second.length === 2);
    second.leave();
    const again = ear(two);
    await made.settled();
    one.publish('/p', 'again');
    await until('it hears anew', () => again.length === 1);
    t.equal(first.length, 1);
    t.same([...again], [{ path: '/p', text: 'again' }]);
    t.equal(second.length, 2);
  });

  test('nobody need listen', async (t, made) => {
    const [one, two] = [await made.end(), await made.end()];
    t.doesNotThrow(() => one.publish('/p', 'to nobody'));
    await made.settled();
    const heard = ear(two);
    await made.settled();
    one.publish('/p', 'to somebody');
    await until('it has come', () => heard.length === 1);
    t.same([...heard], [{ path: '/p', text: 'to somebody' }]);
  });
}
