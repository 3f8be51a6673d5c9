import { expect, test } from 'vitest';
import { useAdminApi } from '../../support/use-admin-api.ts';

test('a replay run whose filter can not be read takes no page down, and can be looked at and cancelled', async () => {
  const { sql, get, post, signIn, visit } = await useAdminApi();
  const filters = {
    replay_codes: { until: '[erased]', states: ['[erased]'] },
    replay_list: [{ a: 1 }],
    replay_text: 'all',
  };
  for (const [id, filter] of Object.entries(filters)) {
    await sql`insert into clerk.replay_runs (run_id, filter, requested_by, letters, started_at, updated_at)
      values (${id}, ${sql.json(filter as never)}, 'Grace', 1, now(), now())`;
  }
  await signIn();
  const ids = Object.keys(filters);
  const pages = ['/overview', '/replay-runs', ...ids.map((id) => `/replay-runs/${id}`)];
  for (const page of pages) {
    const response = await visit(page);
    expect({ page, status: response.status }).toEqual({ page, status: 200 });
    const html = await response.text();
    if (page.startsWith('/replay-runs')) expect(html).toContain(page.split('/')[2] ?? 'replay_codes');
  }
  expect(await get('/overview')).toMatchObject({ status: 200 });
  const { body } = await get('/replay-runs');
  expect(
    body.replay_runs.map(({ run_id: id, filter }: { run_id: string; filter: unknown }) => [id, filter]).sort(),
  ).toEqual(Object.entries(filters));
  for (const id of ids) {
    expect((await get(`/replay-runs/${id}`)).body).toMatchObject({ run_id: id, state: 'running' });
    expect((await post(`/replay-runs/${id}/cancel`)).body).toEqual({ run_id: id, outcome: 'cancelled' });
  }
});
