import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHECKS } from '../../../src/doctor/check-table.ts';
import { judgeUserCount } from '../../../src/doctor/checks/data/users.ts';
import { judgeClock } from '../../../src/doctor/checks/database/clock.ts';
import { judgeConnections, judgeVersion, judgeWritable } from '../../../src/doctor/checks/database/server.ts';
import { createCheckRunner } from '../../../src/doctor/run-check.ts';

describe('the server', () => {
  const FREE = { maxConnections: 97, freeConnections: 90, serviceConnections: 0 };

  test.each([
    ['13.9', 130_009, 'failed'],
    ['14.0', 140_000, 'ok'],
    ['18.9', 180_009, 'ok'],
    ['19.0', 190_000, 'warning'],
  ])('of version %s is of number %d: %s', (version, versionNumber, status) => {
    expect(judgeVersion({ version, versionNumber }).status).toBe(status);
  });

  test('may be a standby, which takes no writes', () => {
    expect(judgeWritable({ isStandby: true, isReadOnly: false, database: 'app' })).toEqual({
      status: 'failed',
      finding: 'DATABASE_URL leads to a standby, which takes no writes.',
      advice: 'Name the primary in DATABASE_URL. If this was the primary: promote it, or wait until it has recovered.',
    });
  });

  test.each([
    [10, { maxConnections: 9 }, 'failed'],
    [10, { maxConnections: 19 }, 'warning'],
    [10, { maxConnections: 20, freeConnections: 20 }, 'ok'],
    [10, { freeConnections: 9 }, 'warning'],
    [10, { freeConnections: 0, serviceConnections: 10 }, 'ok'],
  ])('has connections for a pool of %d with %j: %s', (poolSize, facts, status) => {
    expect(judgeConnections({ ...FREE, ...facts }, poolSize).status).toBe(status);
  });
});

test.each([
  [0, 'ok'],
  [29_999, 'ok'],
  [-29_999, 'ok'],
  [30_000, 'warning'],
  [-239_999, 'warning'],
  [240_000, 'failed'],
  [-240_000, 'failed'],
])('a clock that is %d ms ahead: %s', (offsetMs, status) => {
  expect(judgeClock(offsetMs, "Clerk's").status).toBe(status);
});

test.each([
  [10_000, 10_000, false, 'ok'],
  [9999, 10_000, false, 'ok'],
  [9998, 10_000, false, 'warning'],
  [10_002, 10_000, false, 'warning'],
  [8999, 10_000, false, 'failed'],
  [9700, 10_000, true, 'ok'],
  [9600, 10_000, true, 'warning'],
  [0, 0, false, 'ok'],
])('%d users here and %d at Clerk, estimated: %s: %s', (here, atClerk, isEstimate, status) => {
  const users = { living: new Map([['ins_1', here]]), isEstimate };
  expect(judgeUserCount(users, atClerk, 'ins_1', (line) => line).status).toBe(status);
});

test('a check that never ends is given up, and one that throws quotes nothing', async () => {
  const run = createCheckRunner(20);
  const never = await run('never', () => new Promise(() => undefined));
  const broken = await run('broken', () => {
    throw new TypeError('ada@example.com');
  });
  expect([...never, ...broken]).toEqual([
    {
      name: 'never',
      status: 'warning',
      finding: 'This check did not end within 0.02 s.',
      advice: expect.stringMatching(/^Somebody may hold a lock/),
    },
    {
      name: 'broken',
      status: 'failed',
      finding: 'The check itself failed (TypeError).',
      advice: 'This is a fault of clerk-sync: please report it.',
    },
  ]);
});

test('advises to allow as many deletions as there are users too many, where a run makes fewer by itself', () => {
  const advise = (here: number) => {
    const users = { living: new Map([['ins_1', here]]), isEstimate: false };
    return judgeUserCount(users, 1000, 'ins_1', (line) => `clerk-sync ${line}`).advice;
  };
  expect(advise(1100)).toBe('Run `clerk-sync reconcile --full`: Clerk has deleted users, and their events never came.');
  expect(advise(1350)).toBe(
    'Check that CLERK_SECRET_KEY is of the right instance. If it is, Clerk has deleted users, and their events never came. One run deletes so many only with `clerk-sync reconcile --full --max-deletions 350`. Look first, with `clerk-sync reconcile --full --dry-run`.',
  );
});

test('each check has one name, and each text that sends the reader to a check names one', () => {
  const names = Object.values(CHECKS).flatMap((checks) => Object.keys(checks));
  const known = new Set([...names, ...Object.keys(CHECKS)]);
  const root = join(import.meta.dirname, '../../..');
  const sources = globSync(['src/doctor/**/*.ts', 'src/cli/doctor/*.ts'], { cwd: root });
  const named = sources.flatMap((path) =>
    [...readFileSync(join(root, path), 'utf8').matchAll(/: see ([a-z ]+)\.['"`]/g)].map(([, name = '']) => name),
  );
  expect(known.size).toBe(names.length + Object.keys(CHECKS).length);
  expect(named).toContain('secret key');
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});
