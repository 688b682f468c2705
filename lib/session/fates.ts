// How messages end; each that was accepted has exactly one fate.

/**
 * `confirmed`: the other side has handled it. `sent`: handed to the system, on a link without a session. `expired`: not
 * sent in time. `dropped`: by the policy of a full outbox. `refused`: never accepted, the outbox was full. `withdrawn`:
 * taken back before it was sent. `abandoned`: stopped before. `lost`: not confirmed, and the other side has forgotten
 * the session.
 */
export type Fate = 'confirmed' | 'sent' | 'expired' | 'dropped' | 'refused' | 'withdrawn' | 'abandoned' | 'lost';

/** How many messages had which fate. */
export type Fates = Record<Fate, number>;

export function noFates(): Fates {
  return { confirmed: 0, sent: 0, expired: 0, dropped: 0, refused: 0, withdrawn: 0, abandoned: 0, lost: 0 };
}
