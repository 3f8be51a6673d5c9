import { redactSecrets } from '../../clerk/json/redact-secrets.ts';
import { type EventFacts, parseEvent, UnreadableEventError } from '../../clerk/webhook/clerk-event.ts';
import type { VerifiedDelivery } from '../../clerk/webhook/verify-delivery.ts';
import { toChange } from '../snapshots/snapshot.ts';
import type { BatchEntry, MessageFacts } from './batch-entry.ts';

/** A delivery's entry, with what could not be stored as it was sent. */
export interface DeliveryEntry extends BatchEntry {
  /** How many of its texts and numbers had to be changed to be storable. */
  readonly sanitized: number;
}

/** Reads a verified delivery into what the write path settles; an event that can't be read becomes a dead letter. */
export function makeEntry(delivery: VerifiedDelivery): DeliveryEntry {
  const readBody = () => delivery.body;
  try {
    const event = parseEvent(delivery);
    return {
      origin: 'webhook',
      message: toMessage(event),
      change: toChange(event) ?? { kind: 'ignored' },
      readBody,
      sanitized: event.sanitized,
    };
  } catch (error) {
    if (!(error instanceof UnreadableEventError)) throw error;
    const { reason, message, issues } = error.cause;
    const letter = { body: redactSecrets(delivery.body), reason, error: message, details: { issues } };
    const change = { kind: 'dead_letter', ...letter } as const;
    return { origin: 'webhook', message: toMessage(error.facts), change, readBody, sanitized: 0 };
  }
}

function toMessage({ messageId, type, userId, instanceId, occurredAt, receivedAt }: EventFacts): MessageFacts {
  return { messageId, eventType: type, userId, instanceId, eventAt: occurredAt, receivedAt };
}
