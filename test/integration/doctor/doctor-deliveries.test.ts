import { describe, expect, test } from 'vitest';
import type { TestDatabase } from '../../support/database.ts';
import { useDoctorScene } from '../../support/doctor-scene.ts';
import { makeApiUser } from '../../support/fake-clerk/make-api-user.ts';

const ENDPOINT =
  "Look at the endpoint in Clerk's dashboard, under Webhooks. Svix disables an endpoint after five days of failures. Does its URL lead here? Are user.created, user.updated and user.deleted selected? What do its failed attempts say?";
const DAY_MS = 86_400_000;

describe('the last delivery', () => {
  test('finds that none has ever come', async () => {
    const { sql, diagnose } = await useDoctorScene();
    await sql`delete from clerk.webhook_messages`;
    const { exitCode, find } = await diagnose();
    expect({ exitCode, check: find('last delivery') }).toEqual({
      exitCode: 3,
      check: {
        name: 'last delivery',
        status: 'warning',
        finding: 'No delivery was ever verified here.',
        advice:
          "Add the endpoint in Clerk's dashboard, under Webhooks, and send it an example event from its Testing tab. `clerk-sync send user.created` tries the service without Clerk.",
      },
    });
  });

  test('finds an endpoint that is switched off: Clerk has changed a user since', async () => {
    const { clerk, sql, diagnose } = await useDoctorScene();
    await sql`update clerk.webhook_messages set received_at = now() - interval '180 days 1 hour'`;
    clerk.setUser(makeApiUser(2, { updated_at: Date.now() - 2 * DAY_MS - 60_000 }));
    const { exitCode, find } = await diagnose();
    expect({ exitCode, check: find('last delivery') }).toEqual({
      exitCode: 1,
      check: {
        name: 'last delivery',
        status: 'failed',
        finding:
          'Clerk changed a user 2 days ago, and no event of it came here. The last event about users came 180 days ago.',
        advice: `${ENDPOINT} Then run \`clerk-sync reconcile --full\`.`,
      },
    });
  });

  test('finds that no event about users is among those that come', async () => {
    const { clerk, sql, diagnose } = await useDoctorScene();
    await sql`update clerk.webhook_messages set event_type = 'session.created'`;
    clerk.setUser(makeApiUser(2, { updated_at: Date.now() - DAY_MS - 60_000 }));
    const { exitCode, find } = await diagnose();
    expect({ exitCode, check: find('last delivery') }).toEqual({
      exitCode: 1,
      check: {
        name: 'last delivery',
        status: 'failed',
        finding: 'Clerk changed a user 1 day ago, and no event of it came here. No event about users ever came.',
        advice: `${ENDPOINT} Then run \`clerk-sync reconcile --full\`.`,
      },
    });
  });

  test('accepts a long silence if Clerk has changed no user since, and warns of it if Clerk can not be asked', async () => {
    const { sql, diagnose } = await useDoctorScene();
    await sql`update clerk.webhook_messages set received_at = now() - interval '30 days 1 hour'`;
    const asked = await diagnose();
    const unasked = await diagnose({ CLERK_SECRET_KEY: '' });
    expect([asked, unasked].map(({ find }) => find('last delivery'))).toEqual([
      {
        name: 'last delivery',
        status: 'ok',
        finding: 'The last delivery came 30 days ago. Clerk has changed no user since.',
      },
      { name: 'last delivery', status: 'warning', finding: 'No delivery came for 30 days.', advice: ENDPOINT },
    ]);
  });

  test('waits for the event of a change that Clerk made a moment ago', async () => {
    const { clerk, sql, diagnose } = await useDoctorScene();
    await sql`update clerk.webhook_messages set received_at = now() - interval '3 hours 1 minute'`;
    clerk.setUser(makeApiUser(2, { updated_at: Date.now() - 60_000 }));
    expect((await diagnose()).find('last delivery')).toEqual({
      name: 'last delivery',
      status: 'ok',
      finding: 'The last delivery came 3 hours ago.',
    });
  });
});

test('counts open dead letters by reason and age', async () => {
  const { sql, diagnose } = await useDoctorScene();
  await sql`
    insert into clerk.dead_letters (message_id, body, reason, error, state, first_failed_at, last_failed_at)
    select 'msg_' || n, '{}', reason, 'an error', state, now() - ago::interval, now()
    from (values (1, 'invalid_shape', 'open', '3 days 1 hour'), (2, 'invalid_shape', 'open', '1 minute'),
      (3, 'missing_user_id', 'open', '5 hours 1 minute'), (4, 'invalid_json', 'discarded', '1 day'),
      (5, 'invalid_json', 'replayed', '1 day')) letters (n, reason, state, ago)`;
  const { exitCode, find } = await diagnose();
  expect({ exitCode, check: find('dead letters') }).toEqual({
    exitCode: 3,
    check: {
      name: 'dead letters',
      status: 'warning',
      finding:
        '2 open dead letters: invalid_shape, the oldest 3 days ago\n1 open dead letter: missing_user_id, the oldest 5 hours ago',
      advice:
        '`clerk-sync dead-letters summary` counts them by cause, with an example of each. `clerk-sync dead-letters show <id>` says what to do. Then replay or discard them.',
    },
  });
});

const insertProcesses = (
  sql: TestDatabase['sql'],
  processes: readonly { id: string; version: string; seen: string }[],
) =>
  sql`
    insert into clerk.processes (process_id, version, host, pid, started_at, seen_at, stats)
    select id, version, 'web-' || id, 40 + place, now() - interval '3 hours' - place * interval '1 second',
      now() - seen::interval, '{}'
    from json_to_recordset(${JSON.stringify(processes)}::text::json) p (id text, version text, seen text)
    cross join lateral (select length(id) as place) l`;

test('says which processes of the service run, and warns if their versions differ', async () => {
  const { sql, diagnose } = await useDoctorScene();
  const look = async () => {
    const { exitCode, find } = await diagnose();
    return { exitCode, ...find('processes') };
  };
  const none = await look();
  await insertProcesses(sql, [{ id: 'a', version: '1.0.0', seen: '10 seconds' }]);
  const one = await look();
  await insertProcesses(sql, [
    { id: 'bb', version: '1.1.0', seen: '10 seconds' },
    { id: 'ccc', version: '0.9.0', seen: '2 minutes' },
  ]);
  const several = await look();
  await sql`update clerk.processes set seen_at = now() - interval '2 minutes'`;
  const gone = await look();
  const first = '1.0.0 on web-a (process 41), started 3 hours ago';
  expect([none, one, several, gone]).toEqual([
    { exitCode: 0, name: 'processes', status: 'ok', finding: 'None was seen in the last hour.' },
    { exitCode: 0, name: 'processes', status: 'ok', finding: `1 process runs: ${first}.` },
    {
      exitCode: 3,
      name: 'processes',
      status: 'warning',
      finding: `2 processes run: 1.1.0 on web-bb (process 42), started 3 hours ago; ${first}. 1 process ended in the last hour without a stop. Their versions differ: 1.0.0, 1.1.0.`,
      advice: 'That is right during an upgrade. Otherwise stop the processes of the old version.',
    },
    {
      exitCode: 3,
      name: 'processes',
      status: 'warning',
      finding: 'None was seen in the last minute. 3 processes ended in the last hour without a stop.',
      advice: 'Read the log of the service, and start it.',
    },
  ]);
});
