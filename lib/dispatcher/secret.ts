// The secret code of a message: compared so that the time taken tells nothing about it.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Message } from '../message/index.ts';

export const secretParameter = 'secret_code';

export function secretMatches(message: Message<unknown>, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(message.get(secretParameter) ?? ''), digest(secret));
}
