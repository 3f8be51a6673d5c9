import { expect, test } from 'vitest';
import { ADMIN_TOKEN, useAdmin } from '../../support/use-admin.ts';

test('of 1,000 wrong tokens ten are answered, and a right one from the same place has to wait, too', async () => {
  const { app, signIn, visit, library } = await useAdmin();
  const session = await useAdmin({ on: library });
  await session.signIn();
  const statuses: number[] = [];
  for (let n = 0; n < 500; n++) {
    statuses.push((await signIn(`wrong-${n}`)).status);
    const headers = { authorization: `Bearer wrong-${n}`, 'x-forwarded-for': `10.0.0.${n}` };
    statuses.push((await app.request('/admin/api/actions', { headers })).status);
  }
  expect(statuses.filter((status) => status === 401)).toHaveLength(10);
  expect(statuses.filter((status) => status === 429)).toHaveLength(990);

  const right = await signIn();
  expect([right.status, right.headers.getSetCookie()]).toEqual([429, []]);
  expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(Number(right.headers.get('retry-after'))).toBeLessThanOrEqual(60);
  expect(await right.text()).toContain('There were too many wrong tokens.');
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  expect((await app.request('/admin/api/actions', { headers })).status).toBe(429);
  // Somebody who is signed in is not disturbed.
  expect((await visit('/overview', { headers: { cookie: session.getCookie() } })).status).toBe(200);
});
