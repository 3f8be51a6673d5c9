import postgres from 'postgres';
import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { makeDeliveryEntry } from '../../../src/sync/batch-entry.ts';
import { settleBatch } from '../../../src/sync/settle-batch.ts';
import { useTestDatabase } from '../../support/database.ts';
import { grantRole, useRole } from '../../support/database-role.ts';
import { useDoctorScene } from '../../support/doctor-scene.ts';
import { findQueries, readPage } from '../../support/markdown.ts';
import { createReadmeEvents, type ReadmeEvent } from '../../support/readme-users.ts';

// Every statement of docs/reacting.md, taken from its text, on rows that came through the write path.

const queries = findQueries(readPage('docs/reacting.md'));
const OWN_TABLE = 'A table of your own that refers to users';
const RIGHTS = 'The right to refer to users';
const JOIN = 'What each user has ordered';
const BY_ADDRESS = 'By the primary e-mail address, in any case';
const OUTBOX = 'An outbox, and the trigger that fills it';
const TAKE = 'Take up to ten changes. They are gone once your transaction commits, and there again if it fails';
const NOTIFY = 'Tell whoever listens to clerk_users that a user has changed';
const CHILD = 'Record each e-mail address that came, changed or went';
const ACCEPT = 'Tell doctor that a trigger is meant to be as it is';
const POLL = 'Users written since the last look, a thousand at a time, deleted ones included';
const INDEX = 'An index of your own for polling';

test('each statement of the page has its test', () => {
  const tested = [OWN_TABLE, RIGHTS, JOIN, BY_ADDRESS, OUTBOX, TAKE, NOTIFY, CHILD, ACCEPT, POLL, INDEX];
  expect(queries.map(({ caption }) => caption)).toEqual(tested);
});

test('the orders of a user are joined to the user, and those of somebody unknown are refused', async () => {
  const { sql, settle } = await useUsers();
  await sql.unsafe(find(OWN_TABLE));
  await sql`insert into app.orders (user_id, total_cents) values ('user_ada', 500), ('user_ada', 250), ('user_eve', 1)`;
  await expect(sql`insert into app.orders (user_id, total_cents) values ('user_new', 1)`).rejects.toMatchObject({
    code: '23503',
  });
  await settle([deletion('user_bob')]);
  expect([...(await sql.unsafe(find(JOIN)))]).toEqual([
    { id: 'user_ada', primary_email_address: 'ada@example.com', total_cents: 750 },
  ]);
});

test('an open transaction that refers to a user holds up no event about the user', async () => {
  const { sql, settle } = await useUsers();
  await sql.unsafe(find(OWN_TABLE));
  const reserved = await sql.reserve();
  await reserved`begin`;
  await reserved`insert into app.orders (user_id, total_cents) values ('user_ada', 1), ('user_bob', 1)`;
  try {
    // An older state that alone states a property is merged, and a deletion beside it locks both users.
    const older = update('user_ada', { updated_at: 1, favourite_animal: 'cat' });
    expect(await settle([older, deletion('user_bob')], 5000)).toEqual(['stale', 'applied']);
  } finally {
    await reserved`commit`;
    reserved.release();
  }
});

test('the role that owns the tables of the application needs the rights of the page, and no more', async () => {
  const role = useRole();
  const { sql, url } = await useUsers();
  await sql.unsafe(`create role ${role}; create schema app authorization ${role}`);
  const asOwner = postgres(await grantRole(sql, url, 'select', role), { max: 1, onnotice: () => undefined });
  onTestFinished(() => asOwner.end());
  const makeTable = () => asOwner.unsafe(find(OWN_TABLE).replace('create schema app;', ''));
  await expect(makeTable()).rejects.toMatchObject({ code: '42501' });
  await sql.unsafe(find(RIGHTS).replaceAll('app_owner', role));
  await makeTable();
  await asOwner`insert into app.orders (user_id, total_cents) values ('user_ada', 1)`;
  await expect(asOwner`select from clerk.users`).rejects.toMatchObject({ code: '42501' });
});

test('an address is found in any case, and only with lower() on both sides through the index', async () => {
  const { sql } = await useUsers();
  const { index = '', sql: query } = queries.find(({ caption }) => caption === BY_ADDRESS) ?? { sql: '' };
  expect([...(await sql.unsafe(query))]).toEqual([
    { id: 'user_ada', username: 'ada', primary_email_address: 'ada@example.com' },
  ]);
  const readPlan = (statement: string) =>
    sql.begin(async (transaction) => {
      await transaction.unsafe('set local enable_seqscan = off');
      return JSON.stringify(await transaction.unsafe(`explain ${statement}`));
    });
  expect(await readPlan(query)).toContain(index);
  expect(await readPlan(query.replace('lower(primary_email_address)', 'primary_email_address'))).not.toContain(index);
});

test('the outbox has each change of a user once, written with it, and a worker takes it once', async () => {
  const { sql, settle, events } = await useUsers({ settled: false });
  await sql.unsafe(`create schema app; ${find(OUTBOX)}`);
  await settle(events);
  await settle([...events, update('user_bob', { first_name: 'Bobby' }), deletion('user_never_seen')]);
  const change = (user_id: string, what: string, email_address: string | null) => ({
    id: expect.any(String),
    ...{ user_id, change: what, email_address },
  });
  const taken = await sql.begin(async (first) => {
    const rows = await first.unsafe(find(TAKE));
    expect([...(await sql.unsafe(find(TAKE)))]).toEqual([]);
    return rows;
  });
  expect([...taken].sort((a, b) => Number(a.id) - Number(b.id))).toEqual([
    change('user_eve', 'deleted', null),
    change('user_ada', 'created', 'ada@example.com'),
    change('user_bob', 'created', 'bob@example.com'),
    change('user_cy', 'created', null),
    change('user_dee', 'created', 'dee@example.com'),
    change('user_never_seen', 'deleted', null),
    change('user_bob', 'updated', 'bob@example.com'),
  ]);
  expect((await sql`select from app.user_changes`).count).toBe(0);
});

test('an ordinary trigger with the same function sees no address of a new user', async () => {
  const { sql, settle, events } = await useUsers({ settled: false });
  const immediate = find(OUTBOX).replace('constraint trigger', 'trigger').replace('deferrable initially deferred', '');
  await sql.unsafe(`create schema app; ${immediate}`);
  await settle(events.slice(0, 1));
  expect([...(await sql`select user_id, email_address from app.user_changes`)]).toEqual([
    { user_id: 'user_ada', email_address: null },
  ]);
});

test('a listener hears of a user once the change is committed, and never of what was rolled back', async () => {
  const { sql, settle } = await useUsers();
  await sql.unsafe(`create schema app; ${find(NOTIFY)}`);
  const heard: unknown[] = [];
  const seen: unknown[] = [];
  const { unlisten } = await sql.listen('clerk_users', (id) => {
    heard.push(id);
    seen.push(sql`select first_name from clerk.users where id = ${id}`);
  });
  const rolledBack = sql.begin(async (transaction) => {
    await transaction`update clerk.users set first_name = 'Nobody' where id = 'user_ada'`;
    throw new Error('rolled back');
  });
  await expect(rolledBack).rejects.toThrow('rolled back');
  await settle([update('user_bob', { first_name: 'Bobby' })]);
  await expect.poll(() => heard).toEqual(['user_bob']);
  expect((await Promise.all(seen)).flat()).toEqual([{ first_name: 'Bobby' }]);
  await unlisten();
});

test('each address that came, changed or went is recorded, and none that stayed', async () => {
  const { sql, settle, events } = await useUsers();
  await sql.unsafe(`create schema app; ${find(CHILD)}`);
  const bob = JSON.parse(events[2]?.body ?? '{}').data.email_addresses[0];
  const added = { ...bob, id: 'idn_added', email_address: 'new@example.com' };
  await settle([update('user_bob', { email_addresses: [bob, added] })]);
  await settle([deletion('user_bob')]);
  const changes = await sql`select * from app.address_changes order by change desc, email_address`;
  expect([...changes]).toEqual([
    { user_id: 'user_bob', change: 'insert', email_address: 'new@example.com' },
    { user_id: 'user_bob', change: 'delete', email_address: 'bob@example.com' },
    { user_id: 'user_bob', change: 'delete', email_address: 'new@example.com' },
  ]);
});

test('what a trigger refuses at the commit costs its own event only, which is a dead letter with the reason', async () => {
  const { sql, settle, events } = await useUsers({ settled: false });
  await sql.unsafe(`create schema app; ${find(OUTBOX)}`);
  await sql`alter table app.user_changes add constraint no_bob check (user_id <> 'user_bob')`;
  const outcomes = await settle(events);
  expect(outcomes.filter((outcome) => outcome === 'dead_letter')).toHaveLength(1);
  expect([...(await sql`select user_id, reason, error from clerk.dead_letters`)]).toEqual([
    {
      user_id: 'user_bob',
      reason: 'rejected_by_database',
      error: expect.stringContaining('violates check constraint "no_bob"'),
    },
  ]);
  const users = await sql<{ id: string }[]>`select id from clerk.users order by id`;
  expect(users.map(({ id }) => id)).toEqual(['user_ada', 'user_cy', 'user_dee', 'user_eve']);
});

test('doctor is content with every trigger of the page', async () => {
  const { sql, diagnose } = await useDoctorScene();
  await sql.unsafe(`create schema app; ${[OUTBOX, NOTIFY, CHILD].map(find).join('\n')}`);
  await sql.unsafe(
    'create trigger my_trigger after insert on clerk.users execute function app.record_address_change()',
  );
  expect((await diagnose()).find('triggers').status).toBe('warning');
  await sql.unsafe(find(ACCEPT));
  await sql.unsafe(find(INDEX));
  const { findAll } = await diagnose();
  expect(findAll('triggers', 'indexes').map(({ status }) => status)).toEqual(['ok', 'ok']);
});

test('polling goes on behind the last row, waits for what may still commit, and can have an index', async () => {
  const { sql } = await useUsers();
  await sql`update clerk.users set synced_at = '2026-03-01T12:00:00Z'`;
  await sql`update clerk.users set synced_at = '2026-03-01T11:00:00Z' where id = 'user_cy'`;
  await sql`update clerk.users set synced_at = now() where id = 'user_dee'`;
  const synced_at = new Date('2026-03-01T12:00:00Z');
  expect([...(await sql.unsafe(find(POLL)))]).toEqual([
    { id: 'user_bob', synced_at, deleted_at: null },
    { id: 'user_eve', synced_at, deleted_at: expect.any(Date) },
  ]);
  await sql.unsafe(find(INDEX));
  const plan = await sql.begin(async (transaction) => {
    await transaction.unsafe('set local enable_seqscan = off');
    return JSON.stringify(await transaction.unsafe(`explain ${find(POLL)}`));
  });
  expect(plan).toMatch(/Index Scan using users_synced_at_idx/);
});

function find(caption: string): string {
  const query = queries.find((one) => one.caption === caption);
  if (query === undefined) throw new Error(`docs/reacting.md has no statement "${caption}".`);
  return query.sql;
}

/** The users of the documentation's examples, and what gives events to the write path, all in one batch. */
async function useUsers({ settled = true } = {}) {
  const { sql, url, target } = await useTestDatabase();
  const pool = createPool({ target, size: 1 });
  onTestFinished(() => pool.close());
  const { events } = createReadmeEvents(Date.now());
  const settle = async (batch: readonly ReadmeEvent[], timeoutMs?: number) => {
    const now = new Date();
    const entries = batch.map((event) => makeDeliveryEntry({ ...event, signedAt: now, receivedAt: now }));
    const results = await settleBatch({ pool, deletedUsers: 'erase' }, entries, timeoutMs);
    return results.map(({ outcome }) => outcome);
  };
  if (settled) await settle(events);
  return { sql, url, events, settle };
}

function deletion(userId: string): ReadmeEvent {
  return { messageId: `msg_delete_${userId}`, body: JSON.stringify({ type: 'user.deleted', data: { id: userId } }) };
}

/** A newer state of a user, unless the properties say otherwise. */
function update(userId: string, properties: Record<string, unknown>): ReadmeEvent {
  const data = { id: userId, updated_at: Date.now() + 60_000, ...properties };
  return { messageId: `msg_update_${userId}`, body: JSON.stringify({ type: 'user.updated', data }) };
}
