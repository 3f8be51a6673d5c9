import fc from 'fast-check';
import { test } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { history, makeDeliveryPlan } from '../support/history.ts';
import { expectConvergence } from '../support/http-convergence.ts';
import { startService } from '../support/service.ts';
import { makeSecret } from '../support/signed-request.ts';

/**
 * The convergence of test/integration/sync/convergence.test.ts through the whole program: signed requests to three real
 * processes on one database, several at once, some cut off by the sender and sent again as Svix does.
 *
 * Not covered: crashes and a failing database, which test/e2e/faults does.
 */
const RUNS = 50;
const SEED = Number(process.env.CONVERGENCE_SEED ?? Date.now() % 2 ** 31);

const scenario = history.chain((events) => fc.tuple(fc.constant(events), makeDeliveryPlan(events.length)));

test(`three processes that take one history's deliveries in any order give the same rows as in-order application (${RUNS} histories, seed ${SEED})`, async () => {
  const database = await createTestDatabase();
  const secret = makeSecret();
  const env = { DATABASE_URL: database.url, CLERK_WEBHOOK_SIGNING_SECRET: secret, LOG_LEVEL: 'warn' };
  const services = await Promise.all([0, 1, 2].map(() => startService({ env })));
  const urls = services.map(({ url }) => url);
  let runs = 0;
  let deliveries = 0;
  try {
    await fc.assert(
      fc.asyncProperty(scenario, async ([events, plan]) => {
        runs += 1;
        deliveries += await expectConvergence({ sql: database.sql, urls, events, plan, secret, run: `h${runs}` });
      }),
      { numRuns: RUNS, seed: SEED },
    );
    console.info(`${runs} histories, ${deliveries} deliveries`);
  } finally {
    await Promise.all(services.map((service) => service.cleanUp()));
    await database.drop();
  }
}, 300_000);
