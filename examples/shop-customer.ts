// A customer of the shop: gives orders, one each 20 ms, and says at the end what became of them. `deliver` is resolved when an
// order was handled, wherever the services are, and whatever was away meanwhile.

import { Service } from 'ed-communicator/service';

/** Milliseconds between two orders. */
const pause = 20;
const count = Number(process.argv[2] ?? 100);
const answers = new Map<string, string>();

const customer = new Service('customer', { version: '1.0.0' })
  .on(/^(?:ACCEPTED|REJECTED)$/, message => answers.set(message.string('order'), message.command))
  .when('started', () => void order());

/** Once, at the first start. */
let ordering: Promise<void> | undefined;
function order(): Promise<void> {
  ordering ??= orders().then(() => customer.stop());
  return ordering;
}

async function orders(): Promise<void> {
  const under: Promise<unknown>[] = [];
  for (let number = 1; number <= count; number += 1) {
    under.push(customer.deliver('orders/ORDER', { order: 100 + number, item: 'tea', count: 1 }).catch(told));
    if (number % 50 === 0) process.stdout.write(`${number} orders were given, ${answers.size} are answered\n`);
    await new Promise(resolve => setTimeout(resolve, pause));
  }
  await Promise.all(under);
  const accepted = [...answers.values()].filter(answer => answer === 'ACCEPTED').length;
  process.stdout.write(`${count} orders: ${accepted} accepted, ${answers.size - accepted} rejected, `);
  process.stdout.write(`${count - answers.size} without an answer\n`);
}

function told(error: Error): void {
  process.stdout.write(`an order was not taken: ${error.message}\n`);
}

await customer.run();
