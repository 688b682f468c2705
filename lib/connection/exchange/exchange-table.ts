// The phases of an exchange on its present link; the figure is at the head of exchange.ts.

import type { StateTable } from '../../base/state-table.ts';

export type ExchangePhase = 'plain' | 'silent' | 'offered' | 'resuming' | 'agreed';
export type ExchangeEvent = 'link' | 'return' | 'offer' | 'agree' | 'pass';

export const exchangeTable: StateTable<ExchangePhase, ExchangeEvent> = {
  plain: { link: 'silent', return: 'resuming', agree: 'agreed', pass: 'plain' },
  silent: { link: 'silent', return: 'resuming', offer: 'offered', pass: 'plain' },
  offered: { link: 'silent', return: 'resuming', agree: 'agreed', pass: 'plain' },
  resuming: { link: 'silent', return: 'resuming', agree: 'agreed', pass: 'plain' },
  agreed: { link: 'silent', return: 'resuming' },
};
