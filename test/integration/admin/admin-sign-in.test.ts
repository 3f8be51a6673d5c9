import { expect, test } from 'vitest';
import { useAdmin } from '../../support/use-admin.ts';

test('somebody who signs in sees the overview', async () => {
  const { visit, signIn } = await useAdmin();
  const asked = await visit('/');
  expect([asked.status, asked.headers.get('location')]).toEqual([303, './overview']);
  const refused = await visit('/overview');
  expect([refused.status, refused.headers.get('location')]).toEqual([303, './sign-in?to=overview']);
  const signedIn = await signIn();
  expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, './overview']);
  const page = await visit('/overview');
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<h1>Overview</h1>');
});
