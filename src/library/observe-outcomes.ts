import type { DeliveryObserver } from '../http/webhook-handler.ts';
import type { Log } from '../log/log.ts';
import type { ClerkSyncOptions, SettledEvent } from './clerk-sync-options.ts';

/** Tells an application of its deliveries. They are committed by then: what the application throws is only logged. */
export function observeOutcomes(onOutcome: ClerkSyncOptions['onOutcome'], logger: Log): DeliveryObserver {
  const tell = async (event: SettledEvent) => onOutcome?.(event);
  return {
    recordVerified: () => undefined,
    recordRejection: () => undefined,
    recordDelivery({ messageId, outcome, eventType, userId, eventAt, reason, ms }) {
      tell({ messageId, outcome, eventType, userId, eventAt, reason, ms }).catch((err: unknown) =>
        logger.error({ message_id: messageId, err }, 'onOutcome failed'),
      );
    },
  };
}
