// What a client believes of the other side.

import t from 'tap';
import { Acquaintance } from '../../../lib/connection/exchange/acquaintance.ts';

t.test('of a stranger nothing is known', async t => {
  const other = new Acquaintance();
  t.equal(other.isKnown, false);
  t.equal(other.isSilent, true);
});

t.test('the second message without SESSION says that the other side passes the offer by', async t => {
  const other = new Acquaintance();
  other.linkOpened();
  t.equal(other.spoke(), 'perhaps');
  t.equal(other.isSilent, false);
  t.equal(other.spoke(), 'passes by');
});

t.test('each link counts its own messages', async t => {
  const other = new Acquaintance();
  other.linkOpened();
  other.spoke();
  other.linkOpened();
  t.equal(other.isSilent, true);
  t.equal(other.spoke(), 'perhaps');
});

t.test('one that has said SESSION once may say as much as it likes before it', async t => {
  const other = new Acquaintance();
  other.saidSession();
  other.linkOpened();
  t.equal(other.isKnown, true);
  for (let n = 0; n < 100; n += 1) t.equal(other.spoke(), 'perhaps');
});

t.test('a link that ends before the answer: again, five times in a row, then it might just be done', async t => {
  const other = new Acquaintance();
  const said = Array.from({ length: 6 }, () => other.lostUnanswered());
  t.same(said, ['again', 'again', 'again', 'again', 'done', 'done']);
});

t.test('SESSION ends the row of unanswered links, and of one that is known all goes out again', async t => {
  const other = new Acquaintance();
  for (let n = 0; n < 4; n += 1) other.lostUnanswered();
  other.saidSession();
  for (let n = 0; n < 20; n += 1) t.equal(other.lostUnanswered(), 'again');
});

t.test('where it was a stranger last time, what went out is done with at the first loss', async t => {
  const other = new Acquaintance();
  other.showsItself();
  t.equal(other.isKnown, false);
  t.equal(other.lostUnanswered(), 'done');
});

t.test('a stranger that says SESSION after all is known, and one that was known can become a stranger', async t => {
  const other = new Acquaintance();
  other.showsItself();
  other.saidSession();
  t.equal(other.isKnown, true);
  t.equal(other.lostUnanswered(), 'again');
  other.showsItself();
  other.linkOpened();
  other.spoke();
  t.equal(other.spoke(), 'passes by');
});
