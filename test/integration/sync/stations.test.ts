import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { replayDeadLetter } from '../../../src/dead-letters/replay-dead-letter.ts';
import { makeApiUsers, useBackfill } from '../../support/backfill.ts';
import { makeApiUser } from '../../support/fake-clerk/make-api-user.ts';
import { useReconcileScene } from '../../support/reconcile-scene.ts';
import { makeUserEvent, useReceivingApp } from '../../support/use-receiving-app.ts';
import { watchFiles } from '../../support/watch-files.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/architecture.md'), 'utf8');

/** The files that the page lists below a heading, each once. */
function readStations(heading: string): string[] {
  const section = page.split(`\n### ${heading}\n`)[1]?.split(/\n##+ /)[0] ?? '';
  return [...new Set([...section.matchAll(/`(src\/[\w/-]+\.ts)`/g)].map(([, path]) => path as string))].sort();
}

/** Before the handler, what only hears of a delivery, and what does nothing for the default schema. */
const BESIDE = [
  ...['src/http/assemble-app.ts', 'src/http/record-strays.ts', 'src/http/request-id.ts', 'src/http/log-delivery.ts'],
  'src/db/sql/qualify.ts',
];

/** A run's stations are those of its own: how a request to Clerk is made, or a connection, is told elsewhere. */
const OWN = /^src\/(?:clerk\/(?:json|user|webhook)|sync|walk|backfill|reconcile|dead-letters|users)\//;

const account = { id: 'eac_1', identification_id: 'idn_1', provider: 'oauth_google', email_address: 'a@example.com' };
const address = { id: 'idn_2', email_address: 'ada@example.com', verification: { status: 'verified' } };

/** The same user, changed by each event; with a linked account, and without anything that is rare. */
const makeUpdate = (n: number, properties: Record<string, unknown> = {}) =>
  JSON.stringify(
    makeUserEvent({
      ...{ email_addresses: [address], external_accounts: [account], first_name: `Ada ${n}` },
      ...{ updated_at: 1_767_225_600_000 + n, ...properties },
    }),
  );

test('a delivery passes at most 20 files from the handler to the commit, and they are those that the page lists', async () => {
  const { send } = await useReceivingApp();
  for (const n of [1, 2]) await send(makeUpdate(n));
  const files = await watchFiles(() => send(makeUpdate(3)));
  const passed = files.filter((file) => !BESIDE.includes(file) && !file.startsWith('src/metrics/'));
  expect(passed).toEqual(readStations('A delivery'));
  expect(passed.length).toBeLessThanOrEqual(20);
});

test('a replay passes the files that the page lists', async () => {
  const { send, pool } = await useReceivingApp();
  await send(makeUpdate(1));
  const { message_id } = (await send(makeUpdate(2, { banned: 'maybe' }))).body;
  const files = await watchFiles(() => replayDeadLetter({ pool, deletedUsers: 'erase' }, message_id));
  expect(files.filter((file) => OWN.test(file))).toEqual(readStations('A replay'));
});

test('a page of a backfill passes the files that the page lists', async () => {
  const { run } = await useBackfill({ users: makeApiUsers(2) });
  const files = await watchFiles(() => run());
  expect(files.filter((file) => OWN.test(file))).toEqual(readStations('A page of a backfill'));
});

test('a repair of a reconcile passes the files that the page lists', async () => {
  const { run, fill, sql } = await useReconcileScene([makeApiUser(0), makeApiUser(1)]);
  await fill();
  await sql`update clerk.users set first_name = 'somebody else' where id = ${makeApiUser(0).id}`;
  const files = await watchFiles(() => run());
  expect(files.filter((file) => OWN.test(file))).toEqual(readStations('A repair of a reconcile'));
});
