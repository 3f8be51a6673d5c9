import { RejectedDeliveryError } from '../clerk/webhook/verify-delivery.ts';
import { DatabaseUnavailableError } from '../db/errors/database-errors.ts';
import { QueueFullError } from '../sync/receive.ts';
import { HttpError, makeUnavailable } from './http-error.ts';

/**
 * Chooses the answer to a delivery that was not settled. Everything that is not the event's own fault is a 503, also a bug in
 * clerk-sync: nothing was stored, and Svix sends again for 27 hours. (An event that can't be applied is stored as a dead letter
 * and gets a 200.)
 */
export function describeDeliveryFailure(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof RejectedDeliveryError) return new HttpError(error.status, error.code, error.message);
  if (error instanceof QueueFullError) {
    return makeUnavailable('queue_full', 'Too many deliveries are waiting for the database.', { retryAfterSeconds: 5 });
  }
  if (error instanceof DatabaseUnavailableError) {
    return makeUnavailable('database_unavailable', 'The database can not store the event now.', {
      retryAfterSeconds: 10,
      cause: error,
    });
  }
  return makeUnavailable('internal_error', 'The event can not be stored now. The log of this service says more.', {
    retryAfterSeconds: 30,
    cause: error,
  });
}
