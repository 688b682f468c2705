// Where a spool is, and how large it may be.

import { UsageError } from '../base/errors.ts';
import { refuseUnknown, wholeInRange } from '../base/options.ts';

export interface SpoolOptions {
  /** Its own folder, made where it does not exist. */
  readonly directory: string;
  /** Bytes after which a segment is followed by another; no message may be longer. @default 8 MiB, or an eighth of `bytes` */
  readonly segment?: number;
  /** Most bytes on the disk. @default 256 MiB */
  readonly bytes?: number;
}

/** 8 MiB, 256 MiB; and no more than 16 MiB in memory that wait for the disk. */
export const spoolDefaults = { segment: 8 * 1024 * 1024, bytes: 256 * 1024 * 1024, waiting: 16 * 1024 * 1024 } as const;

const smallestSegment = 4096;
const largestSegment = 64 * 1024 * 1024;
/** Segments that must fit, so that one can be rewritten while messages wait. */
const fewestSegments = 4;
/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE */
export function checkedSpool(options: SpoolOptions): Required<SpoolOptions> {
  refuseUnknown('spool', { directory: '', segment: 0, bytes: 0 }, options);
  const { directory, bytes = spoolDefaults.bytes } = options;
  const { segment = Math.min(spoolDefaults.segment, Math.max(smallestSegment, Math.floor(bytes / 8))) } = options;
  if (typeof directory !== 'string' || directory === '')
    throw new UsageError('INVALID_VALUE', 'a spool needs a folder');
  wholeInRange('spool segment', segment, smallestSegment, largestSegment);
  wholeInRange('spool bytes', bytes, fewestSegments * segment, Number.MAX_SAFE_INTEGER);
  return { directory, bytes, segment };
}
