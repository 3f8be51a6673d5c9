import { setTimeout as delay } from 'node:timers/promises';
import { makeMessageId, signRequest } from '../../signed-request.ts';
import type { ApiUserJson } from '../make-api-user.ts';

/** An event that the fake has made of a write. */
export interface FakeEvent {
  readonly messageId: string;
  readonly type: 'user.updated' | 'user.deleted';
  readonly userId: string;
  /** The bytes that are signed. */
  readonly body: string;
}

/** Hands an event over; the signal aborts when the fake closes. */
export type Deliver = (event: FakeEvent, signal: AbortSignal) => Promise<void>;

export interface FakeEvents {
  /** All so far, the oldest first. */
  readonly events: readonly FakeEvent[];
  tell(type: FakeEvent['type'], data: ApiUserJson): void;
  /** Resolves when all have been delivered. */
  settle(): Promise<void>;
  stop(): void;
}

export interface EventOptions {
  readonly instanceId: string;
  readonly now: () => number;
  readonly deliver: Deliver | undefined;
}

/** Makes events of writes, and delivers each as soon as it is made, whatever has become of those before. */
export function createEvents({ instanceId, now, deliver }: EventOptions): FakeEvents {
  const events: FakeEvent[] = [];
  const stopping = new AbortController();
  const deliveries: Promise<void>[] = [];
  return {
    events,
    tell(type, data) {
      const attributes = { http_request: { client_ip: '127.0.0.1', user_agent: 'clerk-sync' } };
      const envelope = {
        object: 'event',
        type,
        timestamp: now(),
        instance_id: instanceId,
        event_attributes: attributes,
      };
      const event = { messageId: makeMessageId(), type, userId: data.id, body: JSON.stringify({ data, ...envelope }) };
      events.push(event);
      if (deliver !== undefined) deliveries.push(deliver(event, stopping.signal));
    },
    async settle() {
      await Promise.all(deliveries);
    },
    stop: () => stopping.abort(),
  };
}

/** Posts each event, signed as Svix does, again and again until it is taken. */
export function postEvents(url: string, secret: string): Deliver {
  return async function postEvent({ messageId, body }, signal) {
    while (!signal.aborted) {
      const headers = signRequest(body, { secret, messageId });
      const isTaken = await fetch(url, { method: 'POST', headers, body, signal }).then(
        async (response) => {
          await response.text();
          return response.ok;
        },
        // Nobody listens, or the receiver was killed.
        () => false,
      );
      if (isTaken) return;
      await delay(50, undefined, { signal }).catch(() => undefined);
    }
  };
}
