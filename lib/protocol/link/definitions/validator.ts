// JSON Schema, checked by ajv. It is an optional package: it is loaded when the first link starts.

import { reasonOf, UsageError } from '../../../base/errors.ts';
import { optional } from '../../../base/optional.ts';
import type { Properties } from './schema.ts';

/** What is wrong with the data; undefined where nothing is. */
export type Check = (data: unknown) => string | undefined;

/** `optional` are those that may be left out. @throws UsageError INVALID_VALUE for a schema that is none */
export type Compile = (what: string, properties: Properties, optional: readonly string[]) => Check;

let loading: Promise<Compile> | undefined;

/** @throws UsageError MISSING_PACKAGE */
export function loadValidator(): Promise<Compile> {
  loading ??= load().catch(error => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<Compile> {
  const { Ajv } = await optional('links check their messages with ajv', 'ajv@8', () => import('ajv'));
  // A library prints nothing: not what ajv thinks of a schema either.
  const ajv = new Ajv({ allowUnionTypes: true, ownProperties: true, logger: false });
  return (what, properties, optional) => {
    try {
      const check = ajv.compile(strict(properties, optional));
      return data => (check(data) ? undefined : ajv.errorsText(check.errors, { dataVar: 'data' }));
    } catch (error) {
      throw new UsageError('INVALID_VALUE', `the schema of ${what} is none: ${reasonOf(error)}`, { cause: error });
    }
  };
}

/** All declared properties are required where they are not optional, no others are allowed. */
function strict(properties: Properties, optional: readonly string[]): object {
  const required = Object.keys(properties).filter(name => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}
