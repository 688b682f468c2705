// Why a way cannot be taken, in words: what the system found, and what to look at. Its own words stand behind, in parentheses.

import { reasonOf } from '../base/errors.ts';

const ways: { readonly [code: string]: string } = {
  ECONNREFUSED: 'nobody listens there; is its program started?',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name cannot be looked up now',
  EHOSTUNREACH: 'there is no way to that machine',
  ENETUNREACH: 'there is no way to its network',
  ETIMEDOUT: 'that machine does not answer',
  EACCES: 'the system does not permit it',
};
const sockets: { readonly [code: string]: string } = {
  ENOENT: 'there is no such socket; is its program started, and the path right?',
  ECONNREFUSED: 'nobody listens on that socket any more; is its program started?',
  ENOTDIR: 'a part of the path is no folder',
  EACCES: 'this user has no right to that socket',
};
const programs: { readonly [code: string]: string } = {
  ENOENT: 'there is no such program',
  EACCES: 'that file is no program, or this user may not run it',
};

/** The words for an error of dialling, of sending a packet, or of starting a program. */
export function systemReason(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(systemReason))].join(', ');
  const { code = '', syscall = '', port } = error as NodeJS.ErrnoException & { readonly port?: number };
  const isSocket = syscall === 'connect' && port === undefined;
  const words = (syscall.startsWith('spawn') ? programs : isSocket ? sockets : ways)[code];
  return words === undefined ? reasonOf(error) : `${words} (${reasonOf(error)})`;
}
