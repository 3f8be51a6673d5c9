import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import type { DatabaseTarget } from '../../../src/db/target/database-target.ts';
import { createReceiver } from '../../../src/sync/receive.ts';
import { callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { dumpTables } from '../../support/database-dump.ts';
import { makeApiUser } from '../../support/fake-clerk/make-api-user.ts';
import { useFakeClerk } from '../../support/fake-clerk/use-fake-clerk.ts';
import { makeSecret } from '../../support/signed-request.ts';

const DAY_MS = 86_400_000;
const YESTERDAY = Date.now() - DAY_MS;

/** Functions and operators of Postgres's own names, which say something else. */
const SHADOWS = `
  create schema shadow;
  create function shadow.never(text, text) returns boolean language sql as 'select false';
  create operator shadow.= (leftarg = text, rightarg = text, function = shadow.never);
  create function shadow.now() returns timestamptz language sql as $$ select timestamptz '1999-01-01Z' $$;
  create function shadow.to_timestamp(double precision) returns timestamptz language sql as $$ select null::timestamptz $$;
  create function shadow.to_regclass(text) returns regclass language sql as $$ select null::regclass $$`;

/** Everything that a session reads or writes here and that a setting could change. */
async function work(settings: readonly string[]) {
  const { url, target, sql } = await useTestDatabase();
  const [database] = await sql`select current_database() as name`;
  await sql.unsafe(SHADOWS);
  for (const setting of settings) await sql.unsafe(`alter database ${database?.name} set ${setting}`);
  await keepLetters(target);
  await sql`update clerk.dead_letters set first_failed_at = '2026-02-01T10:11:12.345678Z', last_failed_at = '2026-02-11T03:04:05Z'`;
  const clerk = await useFakeClerk({ users: Array.from({ length: 12 }, (_, n) => makeApiUser(n)) });
  const env = {
    DATABASE_URL: url,
    CLERK_WEBHOOK_SIGNING_SECRET: makeSecret(),
    CLERK_SECRET_KEY: clerk.secretKey,
    CLERK_API_URL: clerk.url,
  };
  const outputs: [command: string, exitCode: number, stdout: string][] = [];
  const run = async (...args: string[]) => {
    const { exitCode, stdout } = await callCli(args, { env });
    outputs.push([args.join(' '), exitCode, mask(stdout)]);
  };
  await run('dead-letters', 'list');
  await run('dead-letters', 'list', '--json', '--since', '2026-01-31T22:00:00Z', '--until', '2026-02-02T00:00:00Z');
  await run('dead-letters', 'show', 'msg_shape', '--json');
  await run('dead-letters', 'replay', '--all', '--json');
  await run('backfill', '--limit', '5', '--json');
  await run('backfill', '--json');
  await sql`update clerk.users set observed_at = observed_at - interval '1 day'`;
  await run('reconcile', '--full', '--json');
  for (const n of [1, 7]) clerk.setUser(makeApiUser(n, { first_name: 'Changed', updated_at: YESTERDAY + n }));
  clerk.deleteUser(makeApiUser(3).id);
  await run('reconcile', '--json');
  await run('reconcile', '--full', '--json');
  await run('doctor', '--json');
  // Runs have random ids, and so no order of their own: the commands have told of them.
  const { reconcile_runs: _, ...tables } = await dumpTables(sql, {
    omit: ['synced_at', 'observed_at', 'last_message_id'],
  });
  return { outputs, tables: JSON.parse(mask(JSON.stringify(tables))) };
}

/** Letters of a user whose event can't be read, and of one who is refused by a constraint and becomes well. */
async function keepLetters(target: DatabaseTarget): Promise<void> {
  const pool = createPool({ target, size: 2 });
  onTestFinished(() => pool.close());
  const { receive } = createReceiver({ pool, deletedUsers: 'erase' });
  const at = new Date('2026-02-01T09:00:00.123Z');
  const deliver = (messageId: string, event: object) =>
    receive({ messageId, signedAt: at, receivedAt: at, body: JSON.stringify(event) });
  const outcomes = await Promise.all([
    deliver('msg_shape', { type: 'user.updated', data: { id: 'user_1', banned: 'maybe' } }),
    deliver('msg_no_id', { type: 'user.deleted', data: { object: 'user', deleted: true } }),
    // A text that begins as an index row and is too long for one: refused by Postgres, alone.
    deliver('msg_long', { type: 'user.created', data: { id: `user_${'x'.repeat(20)}`, username: noise(9000) } }),
    deliver('msg_good', {
      type: 'user.created',
      data: { id: 'user_2', first_name: 'Back\\slash', updated_at: 1.7e12 },
    }),
  ]);
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['dead_letter', 'dead_letter', 'dead_letter', 'applied']);
  await pool.close();
}

/** Letters that no compression makes shorter. */
function noise(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCharCode(0x4e_00 + (state % 20_000));
  }).join('');
}

/** Hides what differs from one run to the next: times of this hour, and how long something took. */
function mask(text: string): string {
  const soon = (time: string) => Math.abs(Date.parse(time) - Date.now()) < DAY_MS / 4;
  return (
    text
      .replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|\+00:00)/g, (time) => (soon(time.replace(' ', 'T')) ? 'NOW' : time))
      .replaceAll(/(backfill|reconcile)_\d[\w-]*/g, '$1_RUN')
      .replaceAll(
        /"(seconds|duration_ms|clock_offset_ms|free|of_services|bytes|total_bytes|live_rows|dead_rows|last_vacuum_at|offset_ms)": (?:[\d.-]+|null|"NOW")/g,
        '"$1": 0',
      )
      // The largest table comes first, and which one that is changes with each run.
      .replaceAll(/"\w+": \{\s*"bytes": 0,\s*"live_rows": 0,\s*"dead_rows": 0,\s*"last_vacuum_at": 0\s*\},?/g, '')
      .replaceAll(/\d+ (?:second|minute)s? ago/g, 'just now')
      .replaceAll(/[\d.]+ (?:kB|MB|s|ms|bytes|seconds?|minutes?)\b/g, 'SO MUCH')
      .replaceAll(/(with indexes: )(?:\w+ SO MUCH(?:, )?)+/g, '$1THE LARGEST')
      .replaceAll(/clerk_sync_\w+|127\.0\.0\.1:\d+/g, 'NAME')
  );
}

let expected: Promise<unknown> | undefined;

test('all of it is done where no setting is changed', async () => {
  const { outputs } = await work([]);
  expect(outputs.map(([, exitCode]) => exitCode)).toEqual([0, 0, 0, 3, 0, 0, 0, 0, 0, 1]);
  expect(outputs[7]).toEqual(['reconcile --json', 0, expect.stringContaining('"repaired": 2')]);
});

test.each([
  ["datestyle = 'German'"],
  ["datestyle = 'SQL, DMY'", "intervalstyle = 'sql_standard'"],
  ["datestyle = 'Postgres, MDY'", "timezone = 'Asia/Kathmandu'", "intervalstyle = 'iso_8601'"],
  ["timezone = 'America/St_Johns'", "timezone_abbreviations = 'India'"],
  ['extra_float_digits = -15'],
  ['quote_all_identifiers = on'],
  ['standard_conforming_strings = off', 'backslash_quote = off', "bytea_output = 'escape'"],
  ['transform_null_equals = on', 'array_nulls = off', 'row_security = off'],
  ['exit_on_error = on'],
  ["default_transaction_isolation = 'serializable'", 'default_transaction_deferrable = on'],
  ["default_transaction_isolation = 'repeatable read'", "xmlbinary = 'hex'", "xmloption = 'document'"],
  ["search_path = ''", 'lock_timeout = 5000'],
  ['search_path = clerk, public', "default_text_search_config = 'simple'"],
  ['search_path = shadow, pg_catalog, public'],
  ['statement_timeout = 500', 'idle_in_transaction_session_timeout = 1'],
  [
    "client_min_messages = 'debug5'",
    "plan_cache_mode = 'force_generic_plan'",
    'jit = on',
    'gin_fuzzy_search_limit = 1',
  ],
  ['enable_indexscan = off', 'enable_hashjoin = off', 'enable_seqscan = off', "default_toast_compression = 'pglz'"],
])('%s changes nothing of what is read and written', async (...settings) => {
  expected ??= work([]);
  expect(await work(settings.filter(Boolean))).toEqual(await expected);
});
