import { expect, test } from 'vitest';
import { createApiRuns } from '../../../src/library/api-runs.ts';
import { makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { openFakeApi } from '../../support/fake-clerk/open-fake-api.ts';
import { useUserUpdates } from '../../support/user-updates.ts';

const USERS = 40;

test('a reconcile and a backfill beside the sender lose nothing, and leave the tables as Clerk has the users', async () => {
  const { clerk, insert, send, deliver, sql, target } = await useUserUpdates({ userCount: USERS });
  const closing = new AbortController();
  const runs = createApiRuns({
    ...{ target, deletedUsers: 'erase', closing: closing.signal },
    openApi: (signal) => openFakeApi(clerk, { signal }),
  });
  for (const name of ['First', 'Second']) {
    for (let n = 0; n < USERS; n += 1) {
      await insert({ user_id: makeUserId(n), request: { first_name: `${name} ${n}`, public_metadata: { name } } });
    }
  }
  const beside = async () => {
    for (let time = 0; time < 3; time += 1) {
      await runs.reconcile({ full: true });
      await runs.backfill();
      await deliver();
    }
  };
  const [report] = await Promise.all([send(), beside()]);
  expect(report).toEqual({ succeeded: 2 * USERS, rejected: 0, pending: 0 });
  await deliver();
  const read = () => sql`select id, first_name, public_metadata, updated_at from clerk.users order by id`;
  const expected = Array.from({ length: USERS }, (_, n) => {
    const user = clerk.users.get(makeUserId(n));
    return {
      ...{ id: makeUserId(n), first_name: `Second ${n}`, public_metadata: { name: 'Second' } },
      updated_at: new Date(Number(user?.updated_at)),
    };
  });
  expect([...(await read())]).toEqual(expected);
  expect(await runs.reconcile({ full: true })).toMatchObject({ state: 'finished', deadLetters: 0, drift: {} });
  expect([...(await read())]).toEqual(expected);
  expect(await sql`select from clerk.dead_letters`).toHaveLength(0);
}, 60_000);
