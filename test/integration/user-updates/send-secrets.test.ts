import { expect, test } from 'vitest';
import { dumpText } from '../../support/dump-text.ts';
import { makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { useUserUpdates } from '../../support/user-updates.ts';

const SECRETS = {
  password: 'quuxmark horse battery',
  totp_secret: 'QUUXMARKJBSWY3DP',
  backup_codes: ['quuxmark-1', 'quuxmark-2'],
} as const;
const DIGEST = '$2a$10$quuxmarkquuxmarkquuxmOqz4cH1Xw0PoW9ZpJ6b5nq1y4xw1e2a3';

test('after a run no secret is in a dump of the database or in the log, however its request has ended', async () => {
  const { clerk, insert, send, sendAgain, sql, lines, deliver } = await useUserUpdates({ userCount: 8 });
  const requests = [
    SECRETS,
    { password_digest: DIGEST, password_hasher: 'bcrypt' },
    { ...SECRETS, primary_email_address_id: 'idn_nobody' },
    { ...SECRETS, first_name: 'unclear' },
    { ...SECRETS, first_name: 'unwritable' },
    { ...SECRETS, first_name: 'cancelled' },
  ];
  await sql.unsafe(`alter table clerk.users add constraint unwritable check (first_name <> 'unwritable')`);
  const ids: number[] = [];
  for (const [place, request] of requests.entries()) ids.push(await insert({ user_id: makeUserId(place), request }));
  // The secrets are there as long as they are needed. Otherwise the test would show nothing.
  expect((await dumpText(sql)).toLowerCase().split('quuxmark').length).toBeGreaterThan(20);
  await sql`update clerk.user_updates set state = 'cancelled' where request ->> 'first_name' = 'cancelled'`;
  clerk.intercept(({ method, body }) =>
    method === 'PATCH' && body.includes('unclear') ? { kind: 'status', status: 500 } : undefined,
  );
  await send();
  await sendAgain();
  await deliver();
  const states = await sql<{ state: string }[]>`select state from clerk.user_updates order by id`;
  expect(states.map(({ state }) => state)).toEqual(expect.arrayContaining(['succeeded', 'rejected', 'cancelled']));
  expect(states.filter(({ state }) => state === 'pending' || state === 'sending')).toEqual([]);
  expect(await sql`select from clerk.dead_letters`).not.toHaveLength(0);
  for (const text of [await dumpText(sql), JSON.stringify(lines)]) {
    const found = text.split('\n').filter((line) => /quuxmark/i.test(line));
    expect(found).toEqual([]);
  }
});
