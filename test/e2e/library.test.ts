import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { createClerkSync } from '../../src/index.ts';
import { toNodeHandler } from '../../src/node.ts';
import { createStorm } from '../../src/samples/create-storm.ts';
import { useTestDatabase } from '../support/database.ts';
import { history, makeDeliveryPlan } from '../support/history.ts';
import { expectConvergence } from '../support/http-convergence.ts';
import { startLoad } from '../support/load.ts';
import { findBrokenPromises } from '../support/load-report.ts';
import { useProxy } from '../support/proxy.ts';
import { makeSecret } from '../support/signed-request.ts';

const PROCESS = join(import.meta.dirname, '../support/library-process.ts');
const RUNS = 50;
const SEED = Number(process.env.CONVERGENCE_SEED ?? Date.now() % 2 ** 31);

const scenario = history.chain((events) => fc.tuple(fc.constant(events), makeDeliveryPlan(events.length)));

/** An application's server on a database, in this process. */
async function startApplication(databaseUrl: string, signingSecret: string): Promise<string> {
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const clerkSync = createClerkSync({ databaseUrl, signingSecret, logger, poolSize: 4 });
  const server = createServer(toNodeHandler(clerkSync));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await clerkSync.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test(`three instances of the library that take one history's deliveries in any order give the same rows as in-order application (${RUNS} histories, seed ${SEED})`, async () => {
  const { url, sql } = await useTestDatabase();
  const secret = makeSecret();
  const urls = await Promise.all([0, 1, 2].map(() => startApplication(url, secret)));
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ([events, plan]) => {
      runs += 1;
      await expectConvergence({ sql, urls, events, plan, secret, run: `l${runs}` });
    }),
    { numRuns: RUNS, seed: SEED },
  );
}, 300_000);

test('a socket that is cut between two requests costs no event that was acknowledged', async () => {
  const { url, sql } = await useTestDatabase();
  const secret = makeSecret();
  // Each connection that has carried some events is cut right where the next would come.
  const proxy = await useProxy(url, (connection) => (connection < 6 ? { cutBefore: `msg_cut_${connection}` } : 'pass'));
  const application = await startApplication(proxy.url, secret);
  const events = [...createStorm({ seed: SEED, count: 120 }).events].map((event, place) => ({
    ...event,
    messageId: place % 20 === 10 ? `msg_cut_${Math.floor(place / 20)}` : event.messageId,
  }));
  const load = startLoad({ events, secret, url: application, workers: 4 });
  await load.sentOnce;
  await load.resend();
  expect(await findBrokenPromises(sql, load, events)).toEqual([]);
  const [{ messages } = { messages: 0 }] = await sql`select count(*)::int as messages from clerk.webhook_messages`;
  expect(messages).toBe(120);
});

async function startProcess(args: readonly string[]): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [PROCESS, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += chunk;
    const url = /listening on (http:\S+)/.exec(text)?.[1];
    if (url !== undefined) {
      child.stdout?.resume();
      return { child, url };
    }
  }
  throw new Error(`The application did not start: ${text}`);
}

test('an application that is killed during its work keeps what it has acknowledged', async () => {
  const { url: databaseUrl, sql } = await useTestDatabase();
  const secret = makeSecret();
  const { child, url } = await startProcess([databaseUrl, secret]);
  const events = [...createStorm({ seed: SEED, count: 600 }).events];
  const load = startLoad({ events, secret, url, workers: 16 });
  await load.untilAcknowledged(150);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await startProcess([databaseUrl, secret, new URL(url).port]);
  await load.sentOnce;
  expect(await findBrokenPromises(sql, load, events)).toEqual([]);
  await load.resend();
  expect(await findBrokenPromises(sql, load, events)).toEqual([]);
  const [{ messages } = { messages: 0 }] = await sql`select count(*)::int as messages from clerk.webhook_messages`;
  expect(messages).toBe(new Set(events.map(({ messageId }) => messageId)).size);
});
