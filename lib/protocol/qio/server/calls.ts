// A handler at work: what it is given, and what becomes of its result.
//
//   open ─answer▶ answered

import { reasonOf, UsageError } from '../../../base/errors.ts';
import { isPromise } from '../../../base/guard.ts';
import type { StateTable } from '../../../base/state-table.ts';
import { StateMachine } from '../../../base/state-table.ts';
import { often } from '../../../logging/index.ts';
import type { Answered, Call, Lost } from '../definitions.ts';
import { handled, QioRefusal } from '../definitions.ts';
import type { Fire } from '../session/callbacks.ts';
import type { Session } from '../session.ts';
import type { CallbackId } from '../wire.ts';
import { codes } from '../wire.ts';
import type { Compartment } from './apps.ts';

export const callTable: StateTable<'open' | 'answered', 'answer'> = { open: { answer: 'answered' }, answered: {} };

/** What a call is about. */
export interface Matter {
  readonly extra: string;
  readonly id: CallbackId;
  readonly json: string;
  /** What `read` of its event is. */
  readonly read: ((data: unknown) => unknown) | undefined;
}

export class EventCall implements Call {
  readonly client: Session;
  readonly app: Compartment;
  readonly #matter: Matter;
  readonly #machine = new StateMachine(callTable, 'open');
  #data: { readonly value: unknown } | undefined;

  constructor(client: Session, app: Compartment, matter: Matter) {
    this.client = client;
    this.app = app;
    this.#matter = matter;
  }

  get extra(): string {
    return this.#matter.extra;
  }

  get json(): string {
    return this.#matter.json;
  }

  /** What the client asked for; 0 for nothing. */
  get wireId(): CallbackId {
    return this.#matter.id;
  }

  get wantsAnswer(): boolean {
    return this.#matter.id !== 0;
  }

  get data(): unknown {
    this.#data ??= { value: valueIn(this.#matter) };
    return this.#data.value;
  }

  reply(data?: unknown, answered?: Answered, lost?: Lost): void {
    const json = toJson(data);
    if (!this.#machine.attempt('answer')) return;
    const fire = answered === undefined ? undefined : asking(this.client, this.app, answered);
    this.client.answer(this.#matter.id, codes.ok, json, null, fire, lost);
  }

  refuse(code: number, reason: string | null = null, data?: unknown): void {
    if (!Number.isSafeInteger(code)) throw new UsageError('INVALID_VALUE', `a code is a whole number, not ${code}`);
    const json = toJson(data);
    if (this.#machine.attempt('answer')) this.client.answer(this.#matter.id, code, json, reason);
  }

  /** Runs a handler, and answers with what becomes of it. */
  run(handler: () => unknown): void {
    try {
      const result = handler();
      if (isPromise(result)) this.#await(result);
      else this.#settle(result);
    } catch (error) {
      this.failed(error);
    }
  }

  /** Answers with what was thrown; what nobody meant to throw is logged. */
  failed(error: unknown): void {
    if (error instanceof QioRefusal) return this.refuse(error.status, error.reason, jsonSafe(error.data));
    this.app.log('error', `a handler failed: ${reasonOf(error)}`, {
      client: this.client.id,
      error,
      [often]: reasonOf(error),
    });
    this.refuse(codes.failed);
  }

  #await(result: PromiseLike<unknown>): void {
    this.client.handlerBegins();
    const ended = (finish: () => void): void => {
      try {
        finish();
      } catch (error) {
        this.failed(error);
      }
      this.client.handlerEnds();
    };
    result.then(
      value => ended(() => this.#settle(value)),
      (error: unknown) => ended(() => this.failed(error)),
    );
  }

  #settle(result: unknown): void {
    if (result !== handled) this.reply(result);
  }
}

/** What an answer to a callback of ours sets off. */
export function asking(client: Session, app: Compartment, answered: Answered): Fire {
  return (id, json) => {
    const call = new EventCall(client, app, { extra: '', id, json, read: undefined });
    call.run(() => answered(call));
  };
}

/** A value as it goes over the wire; empty where there is none. */
export function toJson(data: unknown): string {
  const json: string | undefined = JSON.stringify(data);
  return json ?? '';
}

/** What cannot be written is nothing. */
function jsonSafe(data: unknown): unknown {
  try {
    toJson(data);
    return data;
  } catch {
    return null;
  }
}

/** @throws QioRefusal */
function valueIn({ json, read }: Matter): unknown {
  const value = json === '' ? undefined : parsed(json);
  if (read === undefined) return value;
  try {
    return read(value);
  } catch (error) {
    throw error instanceof QioRefusal ? error : new QioRefusal(codes.badData, reasonOf(error));
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new QioRefusal(codes.badData, 'invalid json');
  }
}
