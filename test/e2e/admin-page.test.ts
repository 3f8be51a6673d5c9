import { expect, onTestFinished, test } from 'vitest';
import { findAccessibilityProblems, usePage } from '../support/browser.ts';
import { useTestDatabase } from '../support/database.ts';
import { startService } from '../support/service.ts';
import { makeSecret, makeSignedRequest } from '../support/signed-request.ts';
import { ADMIN_TOKEN, READER_TOKEN } from '../support/use-admin.ts';
import { makeUserEvent } from '../support/use-receiving-app.ts';

/** The real program with the operator's page, after one user was created. */
async function useService(env: Record<string, string> = {}) {
  const { url, sql } = await useTestDatabase();
  const secret = makeSecret();
  const tokens = { ADMIN_TOKEN, ADMIN_READONLY_TOKEN: READER_TOKEN };
  const service = await startService({
    env: { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: secret, ...tokens, ...env },
  });
  onTestFinished(() => service.cleanUp());
  await fetch(`${service.url}/webhooks/clerk`, makeSignedRequest(JSON.stringify(makeUserEvent()), { secret }));
  return { service, sql, secret };
}

test('an operator signs in, looks around and signs out', async ({ skip }) => {
  const { page, complaints } = await usePage(skip);
  const { service, sql } = await useService();
  await page.goto(`${service.url}/admin`);
  expect(await findAccessibilityProblems(page)).toEqual([]);
  await page.getByLabel('Your name').fill('Grace Hopper');
  await page.getByLabel('Token').fill('a wrong one');
  await page.getByRole('button', { name: 'Sign in' }).click();
  expect(await page.getByRole('alert').textContent()).toBe('This token is wrong.');
  // The browser reports the answer 401 itself.
  expect(complaints.take()).toEqual([expect.stringContaining('401')]);

  await page.getByLabel('Your name').fill('Grace Hopper');
  await page.getByLabel('Token').fill(ADMIN_TOKEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/admin/overview');
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Overview');
  expect(await findAccessibilityProblems(page)).toEqual([]);

  const names = await page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allTextContents();
  for (const name of names) {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(name);
    expect({ name, problems: await findAccessibilityProblems(page) }).toEqual({ name, problems: [] });
  }
  await page.getByRole('button', { name: 'Sign out' }).click();
  expect(await page.getByRole('status').textContent()).toBe('You are signed out.');
  expect([...(await sql`select 1 from clerk.admin_sessions`)]).toEqual([]);
  expect(complaints.take()).toEqual([]);
});

test('what changes appears by itself, until somebody pauses that', async ({ skip }) => {
  const { page, complaints } = await usePage(skip);
  const { service, secret } = await useService({ ADMIN_PATH: '/ops/clerk' });
  await page.clock.install();
  await page.goto(`${service.url}/ops/clerk/sign-in?to=events`);
  await page.getByLabel('Token').fill(READER_TOKEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/ops/clerk/events');
  const send = async (messageId: string) => {
    const request = makeSignedRequest(JSON.stringify(makeUserEvent()), { secret, messageId });
    expect((await fetch(`${service.url}/webhooks/clerk`, request)).status).toBe(200);
  };
  await send('msg_seen');
  await page.clock.runFor(6000);
  await page.getByText('msg_seen').waitFor();

  await page.getByRole('button', { name: 'Live' }).click();
  await page.getByRole('button', { name: 'Paused' }).waitFor();
  await send('msg_unseen');
  await page.clock.runFor(60_000);
  expect(await page.getByText('msg_unseen').count()).toBe(0);
  await page.reload();
  await page.getByRole('button', { name: 'Paused' }).waitFor();
  expect(await page.getByText('msg_unseen').count()).toBe(1);
  expect(complaints.take()).toEqual([]);
});

test('the page works on a phone, by keyboard and without JavaScript', async ({ skip }) => {
  const { page } = await usePage(skip, { javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  const { service } = await useService();
  await page.goto(`${service.url}/admin`);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Grace');
  await page.keyboard.press('Tab');
  await page.keyboard.type(ADMIN_TOKEN);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/admin/overview');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect(new URL(page.url()).hash).toBe('#content');
  // Nothing is wider than the screen: only tables scroll sideways.
  const box = await page.locator('main').boundingBox();
  expect(box?.width).toBeLessThanOrEqual(390);
});

test('the program brings the description of its API, and stops while somebody is signed in', async () => {
  const { service } = await useService();
  const headers = { authorization: `Bearer ${READER_TOKEN}` };
  const answer = await fetch(`${service.url}/admin/api/openapi.json`, { headers });
  expect([answer.status, ((await answer.json()) as { openapi: string }).openapi]).toEqual([200, '3.1.0']);
  const overview = await fetch(`${service.url}/admin/api/overview`, { headers });
  expect([overview.status, ((await overview.json()) as { users: unknown }).users]).toEqual([
    200,
    { count: 1, capped: false },
  ]);
  expect(await service.sigterm()).toEqual({ code: 0, signal: null });
});
