import { describe, expect, test } from 'vitest';
import { useDoctorScene } from '../../support/doctor-scene.ts';

interface Case {
  readonly fault: string;
  readonly statement: string;
  readonly env?: Record<string, string>;
  readonly check: Readonly<Record<'status' | 'finding', string> & { advice?: string }>;
}

const GO_ON = '`clerk-sync backfill` continues where it ended.';
const LOOK =
  'The service reconciles every 15 minutes if it has CLERK_SECRET_KEY. Check that it runs, and read its log. Or run `clerk-sync reconcile --full`.';

const BACKFILLS: readonly Case[] = [
  {
    fault: 'that nobody has asked for all users',
    statement: `delete from clerk.backfill_runs; update clerk.reconcile_runs set kind = 'incremental'`,
    check: {
      status: 'warning',
      finding: 'Clerk was never asked for all users. Those who signed up before the webhooks may be missing.',
      advice: 'Run `clerk-sync backfill`. Webhooks may arrive meanwhile.',
    },
  },
  {
    fault: 'one that was killed',
    statement: `delete from clerk.reconcile_runs; update clerk.backfill_runs set state = 'running', finished_at = null,
      started_at = now() - interval '3 hours', updated_at = now() - interval '2 hours 1 minute', users_read = 1500`,
    check: {
      status: 'warning',
      finding: 'The last one was killed 2 hours ago, after 1,500 users.',
      advice: GO_ON,
    },
  },
  {
    fault: 'one that failed, and why',
    statement: `delete from clerk.reconcile_runs; update clerk.backfill_runs set state = 'failed', finished_at = null,
      updated_at = now() - interval '2 hours 1 minute', error = 'Clerk keeps limiting the requests.'`,
    check: {
      status: 'warning',
      finding: 'The last one failed 2 hours ago, after 3 users. Clerk keeps limiting the requests.',
      advice: GO_ON,
    },
  },
  {
    fault: 'nothing wrong with one that is at work',
    statement: `update clerk.backfill_runs set state = 'running', finished_at = null,
      started_at = now() - interval '3 hours 1 minute', updated_at = now()`,
    check: { status: 'ok', finding: 'A backfill is running. It began 3 hours ago and has read 3 users.' },
  },
  {
    fault: 'nothing wrong with one that failed, where a full reconcile has come after it',
    statement: `update clerk.backfill_runs set state = 'failed', finished_at = null, started_at = now() - interval '2 days';
      update clerk.reconcile_runs set finished_at = now() - interval '61 minutes'`,
    check: { status: 'ok', finding: 'All users were read 1 hour ago, by a full reconcile.' },
  },
];

const RECONCILES: readonly Case[] = [
  {
    fault: 'that none has ever finished, and why',
    statement: `update clerk.reconcile_runs set state = 'failed', finished_at = null,
      started_at = now() - interval '20 minutes 1 second', error = 'Clerk does not accept the secret key.'`,
    check: {
      status: 'warning',
      finding: 'None has finished yet. The latest one, 20 minutes ago, failed: Clerk does not accept the secret key.',
      advice: LOOK,
    },
  },
  {
    fault: 'that the last one is long ago',
    statement: `update clerk.reconcile_runs set started_at = now() - interval '2 days 1 minute'`,
    check: { status: 'warning', finding: 'The last one that finished began 2 days ago.', advice: LOOK },
  },
  {
    fault: 'that the schedule is off and nobody else reconciles',
    statement: `update clerk.reconcile_runs set started_at = now() - interval '8 days 1 minute'`,
    env: { RECONCILE_INTERVAL: 'off' },
    check: {
      status: 'warning',
      finding: 'The last one that finished began 8 days ago.',
      advice:
        'RECONCILE_INTERVAL is off. Set it, and the service reconciles by itself. Or run `clerk-sync reconcile --full`.',
    },
  },
  {
    fault: 'that no full one comes to its end',
    statement: `update clerk.reconcile_runs set finished_at = now() - interval '4 days 1 minute';
      insert into clerk.reconcile_runs (run_id, kind, state, started_at, finished_at)
      values ('reconcile_2', 'incremental', 'finished', now() - interval '61 seconds', now())`,
    check: {
      status: 'warning',
      finding: 'The last one that finished began 1 minute ago, but the last full one finished 4 days ago.',
      advice:
        'Run `clerk-sync reconcile --full`, and look why it does not finish. Only a full one finds users whom Clerk has deleted.',
    },
  },
  {
    fault: 'drift that was left; activity does not count',
    statement: `update clerk.reconcile_runs set started_at = now() - interval '61 seconds', drift =
      '{"absent": {"found": 60, "repaired": 0, "left": 60, "withheld": 60}, "older": {"found": 2, "repaired": 2, "left": 0},
        "activity": {"found": 9, "repaired": 0, "left": 9}, "newer_here": {"found": 1, "repaired": 0, "left": 1}}'`,
    check: {
      status: 'failed',
      finding: 'The last one that finished began 1 minute ago, and left drift: 60 users absent, 1 user newer_here.',
      advice:
        '`clerk-sync reconcile --full --dry-run` shows examples. "Reading the table of drift" in docs/operations.md says what to do about each kind. Clerk does not have more of the users here than one run may delete. If CLERK_SECRET_KEY is right, `clerk-sync reconcile --full --max-deletions 60` deletes them. `clerk-sync reconcile acknowledge` accepts drift that may stay.',
    },
  },
  {
    fault: 'drift that a full one left, though a later one saw nothing',
    statement: `update clerk.reconcile_runs set started_at = now() - interval '2 hours 1 second', drift =
      '{"absent": {"found": 1, "repaired": 0, "left": 1}}';
      insert into clerk.reconcile_runs (run_id, kind, state, started_at, finished_at)
      values ('reconcile_2', 'incremental', 'finished', now() - interval '61 seconds', now())`,
    check: {
      status: 'failed',
      finding: 'The last full one began 2 hours ago, and left drift: 1 user absent.',
      advice:
        '`clerk-sync reconcile --full --dry-run` shows examples. "Reading the table of drift" in docs/operations.md says what to do about each kind.',
    },
  },
  {
    fault: 'nothing wrong where the first one is at work',
    statement: `update clerk.reconcile_runs set state = 'running', finished_at = null, started_at = now() - interval '121 seconds'`,
    check: { status: 'ok', finding: 'The first one is running. It began 2 minutes ago.' },
  },
  {
    fault: 'nothing wrong with drift that was acknowledged',
    statement: `update clerk.reconcile_runs set started_at = now() - interval '61 seconds', drift =
      '{"newer_here": {"found": 1, "repaired": 0, "left": 0, "acknowledged": 1}}'`,
    check: { status: 'ok', finding: 'The last one that finished began 1 minute ago, and left no drift.' },
  },
];

const EXIT_CODES: Readonly<Record<string, number>> = { ok: 0, warning: 3, failed: 1 };

async function diagnoseCase(name: 'backfill' | 'reconcile', { statement, env = {} }: Case) {
  const { sql, diagnose } = await useDoctorScene();
  await sql.unsafe(statement);
  const { exitCode, find } = await diagnose(env);
  const { name: _name, ...check } = find(name);
  return { exitCode, check };
}

describe('of backfills', () => {
  test.each(BACKFILLS)('finds $fault', async (given) => {
    const { check } = await diagnoseCase('backfill', given);
    expect(check).toEqual(given.check);
  });
});

describe('of reconciles', () => {
  test.each(RECONCILES)('finds $fault', async (given) => {
    const { check, exitCode } = await diagnoseCase('reconcile', given);
    expect({ check, exitCode }).toEqual({ check: given.check, exitCode: EXIT_CODES[given.check.status] });
  });
});
