import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import {
  type DeliveryPlan,
  EPOCH_MS,
  type HistoryEvent,
  history,
  makeBody,
  makeDeliveryPlan,
} from '../support/history.ts';
import { computeExpected, makeMessageId } from '../support/history-model.ts';
import { readUsers } from '../support/read-users.ts';
import { type Service, startService } from '../support/service.ts';
import { makeSecret, signRequest } from '../support/signed-request.ts';

/**
 * The convergence of test/integration/convergence.test.ts through the whole program: signed requests to three real
 * processes on one database, several at once, some cut off by the sender and sent again as Svix does.
 *
 * Not covered: crashes and a failing database, which test/e2e/faults does.
 */
const RUNS = 50;
const SEED = Number(process.env.CONVERGENCE_SEED ?? Date.now() % 2 ** 31);

/** All of them as webhooks: what leaves a property out says nothing of it. */
const deliveries = history.map((events) => events.map((event) => ({ ...event, fromApi: false })));
const scenario = deliveries.chain((events) => fc.tuple(fc.constant(events), makeDeliveryPlan(events.length)));

test(`three processes that take one history's deliveries in any order end in the rows of in-order application (${RUNS} histories, seed ${SEED})`, async () => {
  const database = await createTestDatabase();
  const secret = makeSecret();
  const env = { DATABASE_URL: database.url, CLERK_WEBHOOK_SIGNING_SECRET: secret, LOG_LEVEL: 'warn' };
  const services = await Promise.all([0, 1, 2].map(() => startService({ env })));
  let runs = 0;
  let sent = 0;
  try {
    await fc.assert(
      fc.asyncProperty(scenario, async ([events, plan]) => {
        runs += 1;
        sent += await deliver(services, { events, plan, secret, run: `h${runs}` });
        const { visible } = await readUsers(database.sql, {
          prefix: `user_h${runs}_`,
          rename: [`_h${runs}_`, '_run_'],
        });
        expect(visible).toEqual(computeExpected(events, 'run'));
      }),
      { numRuns: RUNS, seed: SEED },
    );
    console.info(`${runs} histories, ${sent} deliveries`);
  } finally {
    await Promise.all(services.map((service) => service.cleanUp()));
    await database.drop();
  }
}, 300_000);

interface Delivery {
  readonly events: readonly HistoryEvent[];
  readonly plan: DeliveryPlan;
  readonly secret: string;
  readonly run: string;
}

/** Sends each batch's deliveries at once; the next batch does not wait for it. */
async function deliver(services: readonly Service[], { events, plan, secret, run }: Delivery): Promise<number> {
  const waiting = [...plan.order];
  const sent: Promise<void>[] = [];
  for (let turn = 0; waiting.length > 0; turn += 1) {
    const { size, process, fault } = plan.batches[turn % plan.batches.length] as DeliveryPlan['batches'][number];
    const service = services[process] as Service;
    for (const place of waiting.splice(0, size)) {
      const body = makeBody(events[place] as HistoryEvent, run);
      const messageId = makeMessageId(run, place);
      sent.push(send(service, { body, messageId, secret, hangUp: fault !== 'none' }));
    }
  }
  await Promise.all(sent);
  return sent.length;
}

/** With `hangUp`, the sender gives up the first attempt right after it has sent it, and comes again. */
async function send(
  service: Service,
  { body, messageId, secret, hangUp }: { body: string; messageId: string; secret: string; hangUp: boolean },
): Promise<void> {
  const signedAt = () => new Date(Math.max(Date.now(), EPOCH_MS));
  const attempt = (signal?: AbortSignal) =>
    fetch(`${service.url}/webhooks/clerk`, {
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
