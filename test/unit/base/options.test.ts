import t from 'tap';
import { inRange, refuseUnknown, wholeInRange, withDefaults } from '../../../lib/base/options.ts';

const defaults = { size: 10, name: 'none' as string | undefined, list: undefined as readonly number[] | undefined };
const unknown = { name: 'UsageError', code: 'UNKNOWN_OPTION' };
const range = { name: 'UsageError', code: 'OUT_OF_RANGE' };

t.test('lays what was given over the defaults', async t => {
  t.same(withDefaults('it', defaults, { size: 3 }), { size: 3, name: 'none', list: undefined });
  t.same(withDefaults('it', defaults), defaults);
  t.same(withDefaults('it', defaults, { size: undefined, list: [1] }), { size: 10, name: 'none', list: [1] });
});

t.test('falsy values are given values', async t => {
  t.same(withDefaults('it', defaults, { size: 0, name: '' }), { size: 0, name: '', list: undefined });
});

t.test('the result is frozen, and the defaults stay as they were', async t => {
  const given = { size: 3 };
  const result = withDefaults('it', defaults, given);
  t.ok(Object.isFrozen(result));
  t.equal(defaults.size, 10);
  given.size = 4;
  t.equal(result.size, 3);
});

t.test('refuses an option that does not exist, and names those that do', async t => {
  const given = { size: 1, siez: 2 };
  t.throws(() => withDefaults('the box', defaults, given), {
    ...unknown,
    message: 'the box has no option "siez" (it has size, name, list)',
  });
});

t.test('names of every object are no options', async t => {
  for (const name of ['constructor', 'toString', 'hasOwnProperty', '__proto__']) {
    t.throws(() => refuseUnknown('it', defaults, { [name]: 1 }), unknown, name);
  }
  t.doesNotThrow(() => refuseUnknown('it', defaults, {}));
});

t.test('takes numbers of the range with its ends, and nothing else', async t => {
  t.same([inRange('n', 0, 0, 255), inRange('n', 255, 0, 255), inRange('n', 0.5, 0, 255)], [0, 255, 0.5]);
  for (const value of [-1, 256, Number.NaN, Number.POSITIVE_INFINITY, '7', undefined, null, 7n, {}]) {
    t.throws(() => inRange('n', value as number, 0, 255), range, String(value));
  }
  t.throws(() => inRange('priority', 256, 0, 255), { message: 'priority is 256, it must be 0 to 255' });
});

t.test('takes whole numbers alone where parts make no sense', async t => {
  t.equal(wholeInRange('n', 3, 0, 5), 3);
  for (const value of [0.5, 6, -1, Number.NaN, '3', undefined]) {
    t.throws(() => wholeInRange('n', value as number, 0, 5), range, String(value));
  }
});
