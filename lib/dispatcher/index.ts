export type { Allow, Visitor } from './access.ts';
export { allow } from './access.ts';
export type {
  Correspondent,
  DeliverOptions,
  Guarantee,
  Receipt,
  RequestOptions,
  Sending,
  UpgradeFacts,
} from './correspondent.ts';
export type { DispatcherOptions, RulePack } from './dispatcher.ts';
export { answerUnknown, Dispatcher, unhandled } from './dispatcher.ts';
export type { Handler, Match, Predicate, RuleOptions } from './match.ts';
export { priorities } from './match.ts';
export { secretMatches, secretParameter } from './secret.ts';
export type { SystemActions } from './system-commands.ts';
export { systemCommands } from './system-commands.ts';
export type { TicketHolder } from './ticket.ts';
export { Ticket } from './ticket.ts';
export type { Tracing } from './trace.ts';
