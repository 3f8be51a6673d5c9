import { expect, test } from 'vitest';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { makeApiUsers, type ReconcileScene, useReconcileScene } from '../../support/reconcile-scene.ts';

const id = makeUserId(3);

/** Has a number that a double can't hold, and a property that no column holds. */
const user = makeApiUser(3, {
  public_metadata: { big: JSON.rawJSON('9007199254740993') },
  shoe_size: 41,
});

const HERE = `id = '${id}'`;
const THEIRS = `user_id = '${id}'`;

interface Damage {
  readonly what: string;
  readonly kind: string;
  readonly fields?: Record<string, number>;
  /** Behind the program's back. */
  readonly sql?: string;
  readonly atClerk?: (clerk: ReconcileScene['clerk']) => void;
}

const REPAIRED: Damage[] = [
  { what: 'a user who is missing', kind: 'missing', sql: `delete from clerk.users where ${HERE}` },
  {
    what: 'an older user',
    kind: 'older',
    fields: { first_name: 1 },
    sql: `update clerk.users set updated_at = updated_at - interval '1 ms', first_name = 'Old' where ${HERE}`,
  },
  {
    what: 'another value of a column',
    kind: 'different',
    fields: { first_name: 1, last_active_at: 1 },
    sql: `update clerk.users set first_name = 'Other', last_active_at = now() where ${HERE}`,
  },
  {
    what: 'null in a column',
    kind: 'different',
    fields: { primary_email_address_id: 1 },
    sql: `update clerk.users set primary_email_address_id = null where ${HERE}`,
  },
  {
    what: 'one digit of a number in the metadata',
    kind: 'different',
    fields: { public_metadata: 1 },
    sql: `update clerk.users set public_metadata = '{"big": 9007199254740992}' where ${HERE}`,
  },
  {
    what: 'another value in extra',
    kind: 'different',
    fields: { 'extra.shoe_size': 1 },
    sql: `update clerk.users set extra = extra || '{"shoe_size": 42}' where ${HERE}`,
  },
  {
    what: 'a key that is missing in extra',
    kind: 'different',
    fields: { 'extra.shoe_size': 1 },
    sql: `update clerk.users set extra = extra - 'shoe_size' where ${HERE}`,
  },
  {
    what: 'a child that differs',
    kind: 'different',
    fields: { email_addresses: 1 },
    sql: `update clerk.email_addresses set verification_status = 'unverified' where ${THEIRS}`,
  },
  {
    what: 'a child that is missing',
    kind: 'different',
    fields: { external_accounts: 1 },
    sql: `delete from clerk.external_accounts where ${THEIRS}`,
  },
  {
    what: 'a child too many',
    kind: 'different',
    fields: { passkeys: 1 },
    sql: `insert into clerk.passkeys (user_id, id, name) values ('${id}', 'idn_more', 'more')`,
  },
  {
    what: 'a sign-in since',
    kind: 'activity',
    fields: { last_sign_in_at: 1, last_active_at: 1 },
    sql: `update clerk.users set last_sign_in_at = null, last_active_at = last_active_at - interval '1 day' where ${HERE}`,
  },
];

test.each(REPAIRED)('finds, names and repairs $what', async ({ kind, fields = {}, sql: damage = '' }) => {
  const { fill, readCopy, readAll, run, sql } = await useReconcileScene([...makeApiUsers(6), user]);
  await fill();
  const whole = await readCopy();
  await sql.unsafe(damage);
  const damaged = await readAll();

  const found = { found: 1, examples: [id], fields };
  expect((await run({ dryRun: true })).drift).toEqual({ [kind]: { ...found, repaired: 0, left: 1 } });
  expect(await readAll()).toEqual(damaged);

  expect((await run()).drift).toEqual({ [kind]: { ...found, repaired: 1, left: 0 } });
  expect(await readCopy()).toEqual(whole);
  expect((await run()).drift).toEqual({});
});

const LEFT: Damage[] = [
  {
    what: 'a user who is newer here',
    kind: 'newer_here',
    fields: { first_name: 1 },
    sql: `update clerk.users set updated_at = updated_at + interval '1 ms', first_name = 'New' where ${HERE}`,
  },
  {
    what: 'a user who was deleted here',
    kind: 'deleted_here',
    sql: `update clerk.users set deleted_at = observed_at where ${HERE}`,
  },
  {
    what: 'a user of another instance',
    kind: 'other_instance',
    sql: `update clerk.users set instance_id = 'ins_other' where ${HERE}`,
    atClerk: (clerk) => clerk.deleteUser(id),
  },
  {
    what: 'a user whom it cannot read',
    kind: 'unreadable',
    atClerk: (clerk) => clerk.setUser({ ...user, email_addresses: 'none', updated_at: Date.now() - 600_000 }),
  },
];

test.each(LEFT)(
  'finds and names $what, and overwrites nothing',
  async ({ kind, fields = {}, sql: damage, atClerk }) => {
    const { fill, readCopy, readAll, run, sql, clerk } = await useReconcileScene([...makeApiUsers(6), user]);
    await fill();
    if (damage !== undefined) await sql.unsafe(damage);
    atClerk?.(clerk);
    const [damaged, all] = [await readCopy(), await readAll()];

    const drift = { [kind]: { found: 1, repaired: 0, left: 1, examples: [id], fields } };
    expect((await run({ dryRun: true })).drift).toEqual(drift);
    expect(await readAll()).toEqual(all);

    expect((await run()).drift).toEqual(drift);
    const { dead_letters: letters, ...copy } = await readCopy();
    expect({ ...copy, dead_letters: [] }).toEqual(damaged);
    expect(letters).toEqual(kind === 'unreadable' ? [expect.objectContaining(LETTER)] : []);
    expect((await run()).drift).toEqual(drift);
  },
);

const LETTER = { message_id: `api_${id}`, origin: 'reconcile', reason: 'invalid_shape', user_id: id, state: 'open' };

test('closes the letter of a user whom it can read again', async () => {
  const { fill, run, sql, clerk } = await useReconcileScene(makeApiUsers(3));
  await fill();
  const updatedAt = Date.now() - 600_000;
  clerk.setUser({ ...user, email_addresses: 'none', updated_at: updatedAt });
  await run();
  clerk.setUser({ ...user, updated_at: updatedAt });
  expect((await run()).drift).toMatchObject({ missing: { repaired: 1, left: 0 } });
  expect([...(await sql`select state from clerk.dead_letters`)]).toEqual([{ state: 'replayed' }]);
});

test.each(['missing', 'older'])('counts a user apart who is %s and changed just now, and writes him', async (how) => {
  const { fill, run, clerk, sql } = await useReconcileScene(makeApiUsers(6));
  await fill();
  if (how === 'missing') await sql`delete from clerk.users where id = ${id}`;
  clerk.setUser(makeApiUser(3, { first_name: 'Now', updated_at: Date.now() }));
  const fields = how === 'missing' ? {} : { first_name: 1 };
  const found = { found: 1, examples: [id], fields };
  expect((await run()).drift).toEqual({ in_flight: { ...found, repaired: 1, left: 0 } });
  expect([...(await sql`select first_name from clerk.users where id = ${id}`)]).toEqual([{ first_name: 'Now' }]);
  expect((await run()).drift).toEqual({});
});

test('says nothing of a user about whom a webhook came while Clerk was asked', async () => {
  const { fill, run, sql } = await useReconcileScene(makeApiUsers(6));
  await fill();
  await sql`update clerk.users set updated_at = now(), observed_at = now(), first_name = 'Webhook' where id = ${id}`;
  expect((await run()).drift).toEqual({});
});

test('tells of all kinds at once, by how many users, with three of them', async () => {
  const { fill, run, sql } = await useReconcileScene(makeApiUsers(20));
  await fill();
  const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, place) => makeUserId(from + place));
  await sql`delete from clerk.users where id in ${sql(ids(0, 5))}`;
  await sql`update clerk.users set banned = true where id in ${sql(ids(5, 7))}`;
  await sql`delete from clerk.phone_numbers where user_id in ${sql(ids(6, 8))}`;
  expect(await run({ dryRun: true })).toEqual({
    ...{ runId: null, kind: 'full', dryRun: true, instanceId: 'ins_fakeClerkOfTheTests00000000', usersRead: 20 },
    drift: {
      missing: { found: 5, repaired: 0, left: 5, examples: ids(2, 5).toReversed(), fields: {} },
      different: {
        ...{ found: 3, repaired: 0, left: 3, examples: ids(5, 8).toReversed() },
        fields: { banned: 2, phone_numbers: 2 },
      },
    },
    notes: [],
    deadLetters: 0,
    isStopped: false,
    durationMs: expect.any(Number),
  });
});
