import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { useAdmin } from '../../support/use-admin.ts';

/** Breaks out of a text and of an attribute, runs a script in two ways, turns the direction of writing, and rings a bell. */
const HOSTILE = `"'><script>alert(1)</script><img src=x onerror=alert(1)>\u202egnp.exe\u0007&lt;`;
const ESCAPED =
  '&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\\u{202e}gnp.exe\\u{7}&amp;lt;';

const CHECKED = new Set([
  ...['state', 'origin', 'outcome', 'kind', 'action', 'metadata_mode', 'role', 'via', 'session_id'],
]);

const TABLES = [
  ...['users', 'email_addresses', 'phone_numbers', 'web3_wallets', 'passkeys', 'external_accounts', 'saml_accounts'],
  ...['enterprise_accounts', 'webhook_messages', 'dead_letters', 'backfill_runs', 'reconcile_runs', 'replay_runs'],
  ...['processes', 'user_updates', 'admin_actions'],
];

/** What can't be any text, or must be of some form. */
const SET: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  user_updates: {
    ...{ request: { [HOSTILE]: HOSTILE }, state: 'rejected', error: [{ code: HOSTILE, message: HOSTILE }] },
    calls: [
      { call: HOSTILE, method: HOSTILE, path: HOSTILE, at: '2026-01-01T00:00:00Z', status: 400, outcome: HOSTILE },
    ],
  },
  dead_letters: {
    body: JSON.stringify({ [HOSTILE]: HOSTILE, list: [HOSTILE] }),
    original_body: JSON.stringify({ [HOSTILE]: 1 }),
    details: { issues: [{ path: HOSTILE, message: HOSTILE }] },
  },
  replay_runs: {
    filter: { reasons: [HOSTILE], paths: [HOSTILE], error: HOSTILE, until: '2026-01-01T00:00:00Z' },
    letters: 3,
  },
  reconcile_runs: { kind: 'full', state: 'failed', drift: { [HOSTILE]: { found: 1, repaired: 0, left: 1 } } },
  backfill_runs: { state: 'failed' },
  webhook_messages: { outcome: 'dead_letter' },
  processes: { pid: 1, stats: { queued: 0, in_flight: 0, settled: 0, p50_ms: 1, p99_ms: 2 } },
  admin_actions: { via: 'page', action: HOSTILE, filter: { [HOSTILE]: HOSTILE } },
};

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly needed: boolean;
}

/** What is inserted into a column. Undefined: its default. */
function chooseValue(table: string, { name, type, needed }: ColumnInfo): unknown {
  const set = SET[table]?.[name];
  if (set !== undefined) return set;
  if (type === 'text') return CHECKED.has(name) ? undefined : HOSTILE;
  if (type === 'jsonb') return name === 'older_keys' ? undefined : { [HOSTILE]: [HOSTILE] };
  if (type === 'timestamp with time zone') return needed ? new Date() : undefined;
  return type === 'bigint' && needed ? 0 : undefined;
}

/** A row of each table whose every text is hostile. */
async function insertHostileRows(sql: postgres.Sql): Promise<void> {
  // They refuse most of it.
  await sql`alter table clerk.user_updates disable trigger user`;
  for (const table of TABLES) {
    const columns = await sql<ColumnInfo[]>`
      select column_name as name, data_type as type, is_nullable = 'NO' and column_default is null as needed
      from information_schema.columns where table_schema = 'clerk' and table_name = ${table} and is_identity = 'NO'`;
    const values = columns.flatMap((column) => {
      const value = chooseValue(table, column);
      const isJson = column.type === 'jsonb' && value !== undefined;
      return value === undefined ? [] : [[column.name, isJson ? sql.json(value as postgres.JSONValue) : value]];
    });
    await sql`insert into ${sql(`clerk.${table}`)} ${sql(Object.fromEntries(values))}`;
  }
}

const ID = encodeURIComponent(HOSTILE);
const PAGES = [
  ...['/overview', '/overview?range=day', '/dead-letters', '/dead-letters?view=letters', `/dead-letters/${ID}`],
  ...[`/replay-runs/${ID}`, '/replay-runs', `/users?q=${ID}`, `/users/${ID}`, '/events', '/runs', '/update-requests'],
  ...['/actions', `/dead-letters?reason=${ID}&path=${ID}&type=${ID}&user=${ID}&error=${ID}&view=letters`],
  ...[`/replay-runs/new?reason=${ID}&error=${ID}&path=${ID}`, `/events?type=${ID}&user=${ID}&message=${ID}`],
  ...[`/update-requests?user=${ID}&reason=${ID}`, '/update-requests/1'],
];

test('a hostile text in any column and in any filter is shown and does nothing', async () => {
  const { sql, signIn, visit, post } = await useAdmin({ settings: { hasSecretKey: true } });
  await insertHostileRows(sql);
  const [update] = await sql<{ id: string }[]>`select id from clerk.user_updates`;
  await signIn(undefined, 'Ada');
  const check = async (name: string, response: Response) => {
    const html = await response.text();
    const found = ['<script>alert', '<img', `"'>`, '\u202e', '\u0007'].filter((part) => html.includes(part));
    expect({ name, status: response.status, found, isShown: html.includes(ESCAPED) }).toEqual({
      ...{ name, status: 200, found: [], isShown: true },
    });
  };
  for (const page of PAGES) {
    const path = page.replace('requests/1', `requests/${update?.id}`);
    await check(page, await visit(path));
  }
  await check('values', await post(`/dead-letters/${ID}/values`));
  await check('preview', await post('/replay-runs/preview', { reason: HOSTILE, note: HOSTILE }));
});

test('an error that quotes the URL does nothing', async () => {
  const { signIn, visit } = await useAdmin();
  await signIn();
  for (const page of [
    `/dead-letters/${ID}`,
    `/users/${ID}`,
    `/replay-runs/${ID}`,
    `/update-requests/${ID}`,
    `/${ID}`,
  ]) {
    const response = await visit(page);
    const html = await response.text();
    expect([page, response.status, html.includes('<img'), html.includes('<script>alert')]).toEqual([
      page,
      404,
      false,
      false,
    ]);
  }
});
