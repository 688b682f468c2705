// The request that `link` measures, and what is the same for all who send it.

import { request } from '../../../lib/protocol/link/index.ts';
import type { Abilities } from '../child.ts';

const properties = { id: { type: 'integer' }, text: { type: 'string' } } as const;

/** A control asks the controller; what it carries and what is answered is checked at both ends, as of any user. */
export const lookUp = request('look_up', {
  links: ['control-controller'],
  request: properties,
  response: properties,
});

export interface Item {
  readonly id: number;
  readonly text: string;
}

export const question: Item = { id: 123, text: 'hello' };
/** What a server makes of it. */
export const answerTo = ({ id, text }: Item): Item => ({ id, text });

/** Of a bare ws: as little as a request and its answer can be told apart with. */
export interface Frame {
  readonly seq: number;
  readonly type: string;
  readonly data: Item;
}

/** Asks, with so many requests in flight at any time, for so many ms; gives the rate. */
export function asking(connect: (port: number) => Promise<(item: Item) => Promise<Item>>): Abilities {
  let connected: ReturnType<typeof connect> | undefined;
  return {
    async turn({ port = 0, flight = 1, milliseconds = 0 }) {
      connected ??= connect(port);
      const ask = await connected;
      const start = performance.now();
      let count = 0;
      const one = async (): Promise<void> => {
        while (performance.now() - start < milliseconds) {
          const { id, text } = await ask(question);
          if (id !== question.id || text !== question.text) throw new Error(`wrong answer: ${id} ${text}`);
          count += 1;
        }
      };
      await Promise.all(Array.from({ length: flight }, one));
      return { rate: (count / (performance.now() - start)) * 1000 };
    },
  };
}
