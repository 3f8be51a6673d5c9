import type postgres from 'postgres';
import { expect } from 'vitest';
import { type DeliveryPlan, EPOCH_MS, type HistoryEvent, makeBody } from './history.ts';
import { computeExpected, makeMessageId } from './history-model.ts';
import { readUsers } from './read-users.ts';
import { signRequest } from './signed-request.ts';

/** One history on its way to several receivers on one database. */
export interface HttpConvergence {
  readonly sql: postgres.Sql;
  /** Of the receivers. */
  readonly urls: readonly string[];
  readonly events: readonly HistoryEvent[];
  readonly plan: DeliveryPlan;
  readonly secret: string;
  /** Tells this history's users from those of others in the same database. */
  readonly run: string;
}

/**
 * Delivers by the plan, and expects the rows of in-order application.
 *
 * @returns how many deliveries that were.
 */
export async function expectConvergence(scene: HttpConvergence): Promise<number> {
  const deliveries = await deliver(scene);
  const { sql, events, run } = scene;
  const { visible } = await readUsers(sql, { prefix: `user_${run}_`, rename: [`_${run}_`, '_run_'] });
  expect(visible).toEqual(computeExpected(events, 'run'));
  return deliveries;
}

/** Sends each batch's deliveries at once; the next batch does not wait for it. */
async function deliver({ urls, events, plan, secret, run }: HttpConvergence): Promise<number> {
  const waiting = [...plan.order];
  const sent: Promise<void>[] = [];
  for (let turn = 0; waiting.length > 0; turn += 1) {
    const { size, process, fault } = plan.batches[turn % plan.batches.length] as DeliveryPlan['batches'][number];
    const url = urls[process] as string;
    for (const place of waiting.splice(0, size)) {
      const body = makeBody(events[place] as HistoryEvent, run);
      const messageId = makeMessageId(run, place);
      sent.push(send(url, { body, messageId, secret, hangUp: fault !== 'none' }));
    }
  }
  await Promise.all(sent);
  return sent.length;
}

/** With `hangUp`, the sender gives up the first attempt right after it has sent it, and comes again. */
async function send(
  url: string,
  { body, messageId, secret, hangUp }: { body: string; messageId: string; secret: string; hangUp: boolean },
): Promise<void> {
  const signedAt = () => new Date(Math.max(Date.now(), EPOCH_MS));
  const attempt = (signal?: AbortSignal) =>
    fetch(`${url}/webhooks/clerk`, {
      method: 'POST',
      body,
      headers: signRequest(body, { secret, messageId, signedAt: signedAt() }),
      ...(signal === undefined ? {} : { signal }),
    });
  if (hangUp) {
    const controller = new AbortController();
    const abandoned = attempt(controller.signal);
    setImmediate(() => controller.abort());
    await abandoned.then((response) => response.body?.cancel()).catch(() => undefined);
  }
  const response = await attempt();
  expect({ status: response.status, body: await response.json() }).toEqual({
    status: 200,
    body: { outcome: expect.stringMatching(/^(?:applied|stale|duplicate)$/), message_id: messageId },
  });
}
