import { setTimeout as delay } from 'node:timers/promises';
import type { SampleEvent } from '../../src/samples/sample-event.ts';
import { makeSignedRequest } from './signed-request.ts';

/** What one attempt came to. `status` is null where no answer came, or not all of it. */
export interface Answer {
  readonly status: number | null;
  readonly outcome: string | null;
  readonly ms: number;
}

export interface LoadOptions {
  readonly events: readonly SampleEvent[];
  readonly secret: string;
  /** The service's URL, which may be gone at times. */
  readonly url: string;
  /** Deliveries under way at once. */
  readonly workers: number;
}

/** A sender that remembers each answer, as whoever has to prove what was promised. */
export interface Load {
  /** Every answer to each message, in the order of the attempts. */
  readonly answers: ReadonlyMap<string, readonly Answer[]>;
  /** Resolves when this many messages were answered with 200, or when everything was sent once. */
  untilAcknowledged(count: number): Promise<void>;
  /** Resolves when this many attempts were answered otherwise or not at all, or when everything was sent once. */
  untilFailed(count: number): Promise<void>;
  /** Resolves when everything was sent once. */
  readonly sentOnce: Promise<void>;
  /** Sends again whatever has no 200 yet, as often as it takes; returns how many attempts that were. */
  resend(): Promise<number>;
  /** Sends once more, whatever was answered before, and returns these answers. */
  repeat(events: readonly SampleEvent[]): Promise<Answer[]>;
}

/** Svix's own limit for an answer. */
const TIMEOUT_MS = 15_000;
/** A sender that is turned away comes again later; here, so that an outage is met by some messages and not by all. */
const PAUSE_MS = 250;
const RESEND_DEADLINE_MS = 60_000;

/** Begins to send the events, each once, in their order but several at a time. */
export function startLoad({ events, secret, url, workers }: LoadOptions): Load {
  const answers = new Map<string, Answer[]>();
  let acknowledged = 0;
  let failed = 0;
  let isSentOnce = false;

  const send = async (event: SampleEvent): Promise<Answer> => {
    const answer = await post(`${url}/webhooks/clerk`, event, secret);
    const earlier = answers.get(event.messageId) ?? [];
    if (answer.status === 200 && !earlier.some(({ status }) => status === 200)) acknowledged += 1;
    if (answer.status !== 200) failed += 1;
    answers.set(event.messageId, [...earlier, answer]);
    return answer;
  };
  const sendAll = async (some: readonly SampleEvent[]): Promise<Answer[]> => {
    const waiting = some.values();
    const received: Answer[] = [];
    const work = async () => {
      for (const event of waiting) {
        const answer = await send(event);
        received.push(answer);
        if (answer.status !== 200) await delay(PAUSE_MS);
      }
    };
    await Promise.all(Array.from({ length: workers }, work));
    return received;
  };
  const listUnacknowledged = () =>
    events.filter(({ messageId }) => !answers.get(messageId)?.some(({ status }) => status === 200));

  const sentOnce = sendAll(events).then(() => {
    isSentOnce = true;
  });
  return {
    answers,
    sentOnce,
    untilAcknowledged: (count) => until(() => acknowledged >= count || isSentOnce),
    untilFailed: (count) => until(() => failed >= count || isSentOnce),
    async resend() {
      let attempts = 0;
      for (const deadline = Date.now() + RESEND_DEADLINE_MS; ; ) {
        const some = listUnacknowledged();
        if (some.length === 0) return attempts;
        if (Date.now() > deadline) throw new Error(`${some.length} messages are still not acknowledged.`);
        attempts += (await sendAll(some)).length;
      }
    },
    repeat: sendAll,
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2);
}

async function post(url: string, { messageId, body }: SampleEvent, secret: string): Promise<Answer> {
  const startedAt = performance.now();
  const finish = (status: number | null, outcome: string | null): Answer => ({
    status,
    outcome,
    ms: performance.now() - startedAt,
  });
  try {
    const request = makeSignedRequest(body, { secret, messageId });
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const answer = (await response.json()) as { outcome?: string };
    return finish(response.status, answer.outcome ?? null);
  } catch {
    // Refused, reset, cut off or too late: the sender knows nothing.
    return finish(null, null);
  }
}
