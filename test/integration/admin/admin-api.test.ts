import { describe, expect, test } from 'vitest';
import { ADMIN_TOKEN, READER_TOKEN, useAdmin } from '../../support/use-admin.ts';

/** A caller of the API. */
async function useApi() {
  const admin = await useAdmin();
  const call = async (method: string, url: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await admin.app.request(`/admin/api${url}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'x-actor': 'cron', ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const get = (url: string, headers?: Record<string, string>) => call('GET', url, undefined, headers);
  const post = (url: string, body: unknown = {}) => call('POST', url, body, { 'content-type': 'application/json' });
  return { ...admin, get, post };
}
test('probe', async () => {
  const { get, post } = await useApi();
  console.log(JSON.stringify(await get('/overview'), null, 1));
  console.log(JSON.stringify(await get('/openapi.json'), null, 1).slice(0, 6000));
  console.log(JSON.stringify(await get('/dead-letters?limit=2&foo=1')));
  console.log(JSON.stringify(await get('/dead-letters?limit=2000&state=x&since=abc')));
  console.log(JSON.stringify(await get('/dead-letters?since=abc')));
  console.log(JSON.stringify(await post('/replay-runs', '{')));
  console.log(JSON.stringify(await post('/replay-runs', { filter: { states: 3 }, note: 4 })));
  console.log(JSON.stringify(await post('/replay-runs', { filter: {}, note: 'x' })));
  console.log(
    JSON.stringify(await post('/user-updates', { user_id: 'user_1', request: { public_metadata: { n: 1 } } })),
  );
  console.log(
    JSON.stringify(
      await post(
        '/user-updates',
        '{"user_id":"user_1","request":{"public_metadata":{"n":12345678901234567890.10}},"metadata_mode":"merge"}',
      ),
    ),
  );
  console.log(JSON.stringify(await get('/user-updates?limit=1')));
  console.log(JSON.stringify(await get('/users?who=%00')));
  console.log(JSON.stringify(await get('/actions')));
});
