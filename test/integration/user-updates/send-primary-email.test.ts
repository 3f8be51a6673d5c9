import { expect, test } from 'vitest';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { useUserUpdates } from '../../support/user-updates.ts';

const ADA = makeUserId(0);

/** User 0 with one address of her own, and another beside it that is not verified. */
function makeAda() {
  const [other, primary] = makeApiUser(0).email_addresses as Record<string, unknown>[];
  return makeApiUser(0, {
    email_addresses: [
      { ...primary, linked_to: [] },
      { ...other, verification: null },
    ],
  });
}
const OLD = String(makeAda().primary_email_address_id);
const OTHER = (makeAda().email_addresses as { id: string; email_address: string }[])[1];

async function useAda() {
  const scene = await useUserUpdates({ users: [makeAda()] });
  /** The addresses here, the primary one first. */
  const readEmails = async () => [
    ...(await scene.sql`
      select e.email_address, e.verification_status as status, e.id = u.primary_email_address_id as "primary"
      from clerk.email_addresses e join clerk.users u on u.id = e.user_id order by 3 desc, 1`),
  ];
  return { ...scene, readEmails };
}

test('a new address becomes the primary one, verified, and the old one is dropped', async () => {
  const { insert, send, read, readEmails, listChanges, sql } = await useAda();
  const request = { email_address: 'Grace@example.com', notify_primary_email_address_changed: true };
  const id = await insert({ user_id: ADA, action: 'set_primary_email', request });
  expect(await send()).toEqual({ succeeded: 1, rejected: 0, pending: 0 });
  expect(await read(id)).toMatchObject({
    state: 'succeeded',
    calls: ['POST /email_addresses 200 applied', `DELETE /email_addresses/${OLD} 200 applied`],
  });
  expect(await readEmails()).toEqual([
    { email_address: expect.stringMatching(/^grace@example.com$/i), status: 'verified', primary: true },
    { email_address: OTHER?.email_address, status: null, primary: false },
  ]);
  await insert({ user_id: ADA, action: 'set_primary_email', request });
  await send();
  expect(listChanges().length).toBe(2);
  expect([...(await sql`select state from clerk.user_updates`)]).toEqual([
    { state: 'succeeded' },
    { state: 'succeeded' },
  ]);
});

test('an address that the user has is made the primary one', async () => {
  const { insert, send, read, readEmails } = await useAda();
  const request = { email_address: OTHER?.email_address };
  const id = await insert({ user_id: ADA, action: 'set_primary_email', request });
  await send();
  expect(await read(id)).toMatchObject({
    state: 'succeeded',
    calls: [`PATCH /email_addresses/${OTHER?.id} 200 applied`, `DELETE /email_addresses/${OLD} 200 applied`],
  });
  expect(await readEmails()).toEqual([{ ...request, status: 'verified', primary: true }]);
});

test('after a failure it continues where it was, and drops the address that was the primary one before', async () => {
  const { insert, send, sendAgain, read, readEmails, clerk, listChanges } = await useAda();
  let changes = 0;
  clerk.intercept(({ method }) => {
    if (method === 'GET') return;
    changes += 1;
    const fault = { kind: 'status', status: 500 } as const;
    if (changes === 1) return { kind: 'applied', fault };
    return changes === 2 ? fault : undefined;
  });
  const id = await insert({
    user_id: ADA,
    action: 'set_primary_email',
    request: { email_address: 'grace@example.com', notify_primary_email_address_changed: true },
  });
  await send();
  await sendAgain();
  await sendAgain();
  const drop = `DELETE /email_addresses/${OLD}`;
  expect(await read(id)).toMatchObject({
    state: 'succeeded',
    calls: ['POST /email_addresses 500 applied', `${drop} 500 unclear`, `${drop} 200 applied`],
  });
  expect(listChanges()).toEqual(['POST /email_addresses', drop, drop]);
  expect(await readEmails()).toEqual([
    { email_address: 'grace@example.com', status: 'verified', primary: true },
    { email_address: OTHER?.email_address, status: null, primary: false },
  ]);
});

test('a mail that may have been sent is not sent again', async () => {
  const { insert, send, sendAgain, read, clerk, listChanges } = await useAda();
  clerk.intercept(({ method }) => (method === 'POST' ? { kind: 'status', status: 500 } : undefined));
  const ask = (notify_primary_email_address_changed: boolean) =>
    insert({
      user_id: ADA,
      action: 'set_primary_email',
      request: { email_address: 'grace@example.com', notify_primary_email_address_changed },
    });
  const told = await ask(true);
  const silent = await ask(false);
  await send();
  await sendAgain();
  expect(await read(told)).toMatchObject({ state: 'rejected', error: [{ code: 'outcome_unknown' }] });
  clerk.intercept(undefined);
  await sendAgain();
  expect(await read(silent)).toMatchObject({ state: 'succeeded' });
  expect(listChanges().slice(0, 3)).toEqual(new Array(3).fill('POST /email_addresses'));
});
