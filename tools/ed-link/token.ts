// `ed-link token`: a token, made of the secret of a controller.

import { UsageError } from '../../lib/base/errors.ts';
import { linkToken } from '../../lib/protocol/link/index.ts';
import { secretOf, wholeNumber } from '../command-line.ts';
import { say } from './show.ts';

export interface Given {
  readonly 'secret-file'?: string | undefined;
  readonly role: string;
  readonly id?: string | undefined;
  readonly user: string;
  readonly valid: string;
  readonly dialect: string;
}

const secondsOfDay = 86_400;

export async function token(given: Given): Promise<void> {
  const { 'secret-file': file, role, user, dialect } = given;
  if ((role === 'node') !== (given.id !== undefined)) {
    throw new UsageError('INVALID_VALUE', 'a token for a node needs its --id, another one has none');
  }
  const secret = secretOf(file);
  if (secret === undefined) {
    throw new UsageError('INVALID_VALUE', 'there is no secret: give --secret-file or ED_LINK_SECRET');
  }
  const options = {
    role: role as 'node' | 'control',
    id: given.id === undefined ? undefined : wholeNumber('id', given.id, Number.MIN_SAFE_INTEGER),
    user,
    valid: wholeNumber('valid', given.valid, 1) * secondsOfDay,
    dialect: dialect as 'session' | 'seed',
  };
  say(await linkToken(secret, options));
}
