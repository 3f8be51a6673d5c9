import { expect, test } from 'vitest';
import { callCli } from '../../support/cli.ts';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { makeApiUsers, useReconcileScene } from '../../support/reconcile-scene.ts';

const [newer, deleted, other, missing] = [0, 1, 2, 3].map(makeUserId) as [string, string, string, string];

/** Three users whom no run can bring to what Clerk says, each in another way. */
async function useDrift() {
  const scene = await useReconcileScene(makeApiUsers(5));
  const { sql, clerk, url } = scene;
  await scene.fill();
  await sql`update clerk.users set updated_at = updated_at + interval '1 hour' where id = ${newer}`;
  await sql`update clerk.users set deleted_at = now() - interval '1 day' where id = ${deleted}`;
  clerk.deleteUser(other);
  await sql`update clerk.users set instance_id = 'ins_other' where id = ${other}`;
  const env = { DATABASE_URL: url, CLERK_SECRET_KEY: clerk.secretKey, CLERK_API_URL: clerk.url };
  return { ...scene, call: (...args: string[]) => callCli(['reconcile', ...args], { env }) };
}

const count = (id: string) => ({ found: 1, repaired: 0, left: 1, examples: [id], fields: {} });
const known = { found: 1, repaired: 0, left: 0, acknowledged: 1, examples: [], fields: {} };

test('drift that is acknowledged no longer counts, until that is revoked', async () => {
  const { call, sql } = await useDrift();
  const before = await call('--full', '--json');
  expect([before.exitCode, JSON.parse(before.stdout).drift]).toEqual([
    3,
    { newer_here: { ...count(newer), fields: {} }, deleted_here: count(deleted), other_instance: count(other) },
  ]);

  expect(await call('acknowledge', 'newer_here', newer, '--note', 'a test of ours')).toEqual({
    exitCode: 0,
    stdout: '1 user acknowledged (newer_here). This counts from the next run on.\n',
    stderr: '',
  });
  expect((await call('--full')).exitCode).toBe(3);
  await call('acknowledge', 'deleted_here', deleted);
  await call('acknowledge', 'other_instance', other);
  const run = await call('--full', '--json');
  expect([run.exitCode, JSON.parse(run.stdout)]).toEqual([
    0,
    expect.objectContaining({ left: 0, drift: { newer_here: known, deleted_here: known, other_instance: known } }),
  ]);
  const [row] = await sql`select drift from clerk.reconcile_runs order by started_at desc limit 1`;
  expect(row?.drift.deleted_here).toEqual({ found: 1, repaired: 0, left: 0, acknowledged: 1 });
  const text = await call('--full');
  expect([text.exitCode, text.stdout.split('\n').slice(2, 6), text.stdout.split('\n').slice(-2)]).toEqual([
    0,
    [
      'kind            found  repaired  acknowledged  left  where  for example',
      'newer_here          1         0             1     0  -      -',
      'deleted_here        1         0             1     0  -      -',
      'other_instance      1         0             1     0  -      -',
    ],
    ['3 users are acknowledged:  clerk-sync reconcile acknowledgements', ''],
  ]);

  const listed = JSON.parse((await call('acknowledgements', '--json')).stdout);
  const acknowledged_at = expect.any(String);
  expect(listed).toEqual({
    acknowledgements: [
      { user_id: deleted, kind: 'deleted_here', note: null, acknowledged_at },
      { user_id: newer, kind: 'newer_here', note: 'a test of ours', acknowledged_at },
      { user_id: other, kind: 'other_instance', note: null, acknowledged_at },
    ],
  });
  expect((await call('acknowledgements')).stdout).toMatch(/^user +kind +acknowledged +note\n/);

  expect(await call('revoke', 'deleted_here', deleted)).toEqual({
    exitCode: 0,
    stdout: '1 user revoked (deleted_here). This counts from the next run on.\n',
    stderr: '',
  });
  const after = await call('--full', '--json');
  expect([after.exitCode, JSON.parse(after.stdout).drift.deleted_here]).toEqual([3, count(deleted)]);
});

test('an acknowledgement is of one kind of drift, and hides no other', async () => {
  const { call, clerk } = await useDrift();
  await call('acknowledge', 'other_instance', newer, deleted, other);
  clerk.setUser(makeApiUser(9));
  const { exitCode, stdout } = await call('--full', '--json');
  expect([exitCode, JSON.parse(stdout)]).toMatchObject([
    3,
    { left: 2, drift: { missing: { repaired: 1 }, newer_here: { left: 1 }, other_instance: { acknowledged: 1 } } },
  ]);
});

test('an id that is not here is told, and what was not acknowledged cannot be revoked', async () => {
  const { call } = await useDrift();
  expect(await call('acknowledge', 'deleted_here', deleted, 'user_misspelt')).toEqual({
    exitCode: 3,
    stdout: '1 user acknowledged (deleted_here). This counts from the next run on.\n',
    stderr: 'user_misspelt: there is no such user here\n',
  });
  expect(await call('revoke', 'deleted_here', missing)).toEqual({
    exitCode: 3,
    stdout: '0 users revoked (deleted_here). This counts from the next run on.\n',
    stderr: `${missing}: was not acknowledged\n`,
  });
  expect(await call('acknowledge', 'missing', deleted)).toMatchObject({ exitCode: 2 });
  expect((await call('revoke', 'deleted_here', deleted)).exitCode).toBe(0);
  expect((await call('acknowledgements')).stdout).toBe('No drift is acknowledged.\n');
});
