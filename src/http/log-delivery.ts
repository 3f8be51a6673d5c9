import type { Log } from '../log/log.ts';
import type { SettledDelivery } from '../metrics/delivery-metrics.ts';
import type { Receipt } from '../sync/receive.ts';
import type { HttpError } from './http-error.ts';

/** What the log says of a delivery that was answered with 200. */
export interface LoggedDelivery extends SettledDelivery {
  readonly outcome: Receipt['outcome'];
  readonly messageId: string;
  readonly userId: string | null;
  /** Of a dead letter: why. */
  readonly reason?: Receipt['reason'] | undefined;
}

/** What the log says of any other. */
export interface LoggedRejection {
  readonly requestId: string;
  readonly failure: HttpError;
  /** Known once the signature was found good; nothing else of an unverified request is logged. */
  readonly messageId: string | undefined;
  readonly ms: number;
}

/** One line for each settled delivery, with ids and types only. A dead letter is a warning: someone must look at it. */
export function logSettledDelivery(logger: Log, requestId: string, delivery: LoggedDelivery): void {
  const { messageId, eventType, userId, outcome, reason, sanitized, unkeyed, ms } = delivery;
  const line = {
    request_id: requestId,
    message_id: messageId,
    event_type: shorten(eventType),
    user_id: shorten(userId),
    outcome,
    ...(reason === undefined ? {} : { reason }),
    ...(sanitized === 0 ? {} : { sanitized }),
    ...(unkeyed === undefined ? {} : { unkeyed }),
    ms: round(ms),
  };
  if (outcome === 'dead_letter') logger.warn(line, 'delivery kept as a dead letter');
  else logger.info(line, 'delivery settled');
}

/** One line for each other delivery. It has the error behind a 503, since that is ours and for an operator to mend. */
export function logRejectedDelivery(logger: Log, { requestId, failure, messageId, ms }: LoggedRejection): void {
  const line = {
    request_id: requestId,
    ...(messageId === undefined ? {} : { message_id: messageId }),
    status: failure.status,
    reason: failure.code,
    ms: round(ms),
  };
  if (failure.status === 500) logger.error({ ...line, hint: failure.message }, 'delivery can not be read');
  else if (failure.status !== 503) logger.info(line, 'delivery rejected');
  else if (failure.cause === undefined) logger.warn(line, 'delivery refused for now');
  else logger.error({ ...line, err: failure.cause }, 'delivery failed');
}

/** Clerk's ids and types have under 40 characters; a hostile event's may be anything, and a log line is not the place for it. */
function shorten(text: string | null): string | null {
  return text === null || text.length <= 64 ? text : `${text.slice(0, 64)}…`;
}

/** To a tenth of a millisecond. */
function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
