import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { findAccessibilityProblems, usePage } from '../support/browser.ts';
import { useTestDatabase } from '../support/database.ts';
import { startService } from '../support/service.ts';
import { makeSecret, makeSignedRequest } from '../support/signed-request.ts';
import { ADMIN_TOKEN, READER_TOKEN } from '../support/use-admin.ts';
import { makeUserBody } from '../support/user-event.ts';

const REFUSED = 240;

/** The real program after a storm: users, a letter of a wrong type, and many of a rule that refused them and is gone. */
async function useStorm() {
  const { url, sql } = await useTestDatabase();
  const secret = makeSecret();
  const service = await startService({
    env: {
      ...{ DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: secret },
      ...{ ADMIN_TOKEN, ADMIN_READONLY_TOKEN: READER_TOKEN },
    },
  });
  onTestFinished(() => service.cleanUp());
  const send = async (messageId: string, userId: string, data: Record<string, unknown>) => {
    const request = makeSignedRequest(makeUserBody({ messageId, userId, mark: userId, data }), { secret, messageId });
    expect((await fetch(`${service.url}/webhooks/clerk`, request)).status).toBe(200);
  };
  for (const place of Array.from({ length: 10 }, (_, number) => number)) {
    await send(`msg_fine_${place}`, `user_fine_${place}`, { first_name: 'Grace' });
  }
  await send('msg_maybe', 'user_maybe', { banned: 'maybe', last_name: '<img src=x onerror=alert(1)>' });
  const body = makeUserBody({ messageId: 'msg', userId: 'user_ada_', data: { last_name: 'Lovelace' } });
  await sql`
    insert into clerk.dead_letters (message_id, event_type, user_id, body, reason, path, error, first_failed_at, last_failed_at)
    select 'msg_ada_' || n, 'user.updated', 'user_ada_' || n, replace(${body}, 'user_ada_', 'user_ada_' || n),
      'rejected_by_database', 'users', 'A rule refused it (SQLSTATE 23514).', now() - n * interval '1 s', now()
    from generate_series(1, ${REFUSED}) n`;
  return { service, sql };
}

async function signIn(page: Page, url: string, token: string): Promise<void> {
  await page.goto(`${url}/admin`);
  await page.getByLabel('Your name').fill('Grace Hopper');
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/admin/overview');
}

/** Answers the question of a dialog. */
const agree = (page: Page) => page.getByRole('dialog').getByRole('button', { name: 'Continue' }).click();

const readNotice = (page: Page) => page.getByRole('status').first().textContent();

test('an operator finds a letter by its cause, edits it and replays it', async ({ skip }) => {
  const { page, complaints } = await usePage(skip);
  const { service, sql } = await useStorm();
  await signIn(page, service.url, ADMIN_TOKEN);
  expect(await page.locator('.notice').first().textContent()).toContain('241 dead letters are open');
  await page.getByRole('link', { name: 'Dead letters', exact: true }).click();
  expect(await page.getByRole('heading', { level: 2 }).textContent()).toBe('241 letters of 2 causes');
  await page.getByLabel('Reason').fill('invalid_shape');
  await page.getByText('More filters').click();
  await page.getByLabel('User id').fill('user_maybe');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await page.getByRole('link', { name: 'Show each letter' }).click();
  expect(new URL(page.url()).searchParams.get('user')).toBe('user_maybe');
  await page.getByRole('link', { name: 'msg_maybe' }).click();
  expect(await page.getByText('onerror').count()).toBe(0);
  await page.getByRole('button', { name: 'Show the values, and edit' }).click();
  expect(await page.getByText('<img src=x onerror=alert(1)>').count()).toBeGreaterThan(0);
  const body = page.getByLabel('Body, as JSON');
  await body.fill((await body.inputValue()).replace('"maybe"', 'true'));
  await page.getByRole('button', { name: 'Save and replay' }).click();
  await page.waitForURL('**/dead-letters/msg_maybe?done=replay_applied');
  expect(await readNotice(page)).toBe('The letter was replayed, and its event is applied.');
  expect([...(await sql`select banned from clerk.users where id = 'user_maybe'`)]).toEqual([{ banned: true }]);
  await page.getByRole('link', { name: 'Actions', exact: true }).click();
  expect(await page.getByRole('row', { name: 'Grace Hopper' }).count()).toBe(3);
  expect(complaints.take()).toEqual([]);
});

test('a bulk replay is tried, watched, cancelled, and finished by another one', async ({ skip }) => {
  const { page, complaints } = await usePage(skip);
  const { service, sql } = await useStorm();
  await signIn(page, service.url, ADMIN_TOKEN);
  const plan = async () => {
    await page.goto(`${service.url}/admin/dead-letters?reason=rejected_by_database`);
    await page.getByRole('link', { name: 'Replay all that match' }).click();
  };
  await plan();
  await page.getByRole('button', { name: 'Dry run' }).click();
  await page.getByText(`All ${REFUSED} letters were tried, and everything was undone.`).waitFor();
  await page.getByLabel('Why').fill('The rule is gone.');
  await page.getByLabel('Up to so many letters a second').fill('20');
  await page.getByRole('button', { name: `Replay ${REFUSED} letters` }).click();
  await agree(page);
  await page.waitForURL('**/replay-runs/replay_*');
  // The page shows the progress by itself.
  await page.getByText(/^[1-9]\d* of 240 tried/).waitFor({ timeout: 30_000 });
  await page.getByRole('button', { name: 'Cancel the run' }).click();
  await page.waitForURL('**?done=run_cancelled');
  expect(await readNotice(page)).toBe('The run is cancelled. What it has replayed stays replayed.');
  expect([...(await sql`select state, note, requested_by, stopped_by from clerk.replay_runs`)]).toEqual([
    { state: 'stopped', note: 'The rule is gone.', requested_by: 'Grace Hopper', stopped_by: 'Grace Hopper' },
  ]);
  await plan();
  await page.getByRole('button', { name: /^Replay \d+ letters$/ }).click();
  await agree(page);
  await page.getByText('finished', { exact: true }).waitFor({ timeout: 30_000 });
  const counts =
    await sql`select sum(applied)::int as applied, sum(dead_letters)::int as failed from clerk.replay_runs`;
  expect([...counts]).toEqual([{ applied: REFUSED, failed: 0 }]);
  expect(complaints.take()).toEqual([]);
});

test('a user is found, and every page is accessible on every screen', async ({ skip }) => {
  const { page, complaints } = await usePage(skip);
  const { service } = await useStorm();
  await signIn(page, service.url, ADMIN_TOKEN);
  await page.getByRole('link', { name: 'Users', exact: true }).click();
  await page.getByLabel(/^Id, e-mail address/).fill('user_fine_7_2@example.com');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await page.getByRole('link', { name: 'user_fine_7' }).click();
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('User user_fine_7');
  expect(await page.getByRole('cell', { name: 'user_fine_7_2@example.com' }).count()).toBe(1);
  const pages = [
    ...['overview?range=day', 'dead-letters', 'dead-letters?view=letters&state=all', 'dead-letters/msg_maybe'],
    ...['replay-runs', 'replay-runs/new?type=user.updated', 'users?q=user_fine_7', 'users/user_maybe', 'events'],
    ...['runs', 'update-requests', 'actions', 'dead-letters?state=none'],
  ];
  for (const path of pages) {
    await page.setViewportSize({ width: 390, height: 800 });
    await page.goto(`${service.url}/admin/${path}`);
    const wide = (await page.evaluate('document.documentElement.scrollWidth')) as number;
    await page.setViewportSize({ width: 1440, height: 900 });
    const problems = await findAccessibilityProblems(page);
    expect({ path, isTooWide: wide > 390, problems }).toEqual({ path, isTooWide: false, problems: [] });
  }
  // The last page has a filter that can't be read: the browser reports the answer 400 itself.
  expect(complaints.take().filter((complaint) => !complaint.includes('400'))).toEqual([]);
});

test('a reader can look, and can do nothing by page or API', async ({ skip }) => {
  const { page, complaints } = await usePage(skip);
  const { service, sql } = await useStorm();
  await signIn(page, service.url, READER_TOKEN);
  for (const path of ['dead-letters/msg_maybe', 'replay-runs/new', 'users/user_fine_1', 'overview']) {
    await page.goto(`${service.url}/admin/${path}`);
    const buttons = await page.getByRole('button').allTextContents();
    expect([path, buttons.filter((name) => !['Sign out', 'Live'].includes(name))]).toEqual([path, []]);
  }
  const post = (path: string) =>
    page.evaluate(`fetch('${path}', { method: 'POST', redirect: 'manual' }).then(({ status }) => status)`);
  expect(await post('dead-letters/msg_maybe/replay')).toBe(403);
  expect(await post('dead-letters/msg_maybe/values')).toBe(403);
  expect(await post('replay-runs')).toBe(403);
  const api = await fetch(`${service.url}/admin/api/dead-letters/msg_maybe/replay`, {
    ...{ method: 'POST', headers: { authorization: `Bearer ${READER_TOKEN}` } },
  });
  expect(api.status).toBe(403);
  expect([...(await sql`select count(*)::int as actions from clerk.admin_actions`)]).toEqual([{ actions: 0 }]);
  expect(complaints.take().filter((complaint) => !complaint.includes('403'))).toEqual([]);
});
