import { describe, expect, test } from 'vitest';
import { compareParts } from '../../../src/doctor/checks/schema/compare-parts.ts';
import type { PartKind, SchemaPart } from '../../../src/doctor/checks/schema/read-parts.ts';
import { listExpected } from '../../../src/doctor/checks/schema/schema-differences.ts';

const EXPECTED = listExpected('clerk');

function make(kind: PartKind, table: string, name: string, definition = ''): SchemaPart {
  return { kind, table, name, definition };
}

/** What is found after one part was replaced or, without a new one, removed. */
function compareWithout({ kind, table, name }: Omit<SchemaPart, 'definition'>, ...others: SchemaPart[]) {
  const rest = EXPECTED.filter((part) => part.kind !== kind || part.table !== table || part.name !== name);
  expect(EXPECTED.length - rest.length).toBe(1);
  return compareParts(EXPECTED, [...rest, ...others]);
}

test('finds no difference between the schema and itself', () => {
  expect(EXPECTED.length).toBeGreaterThan(500);
  expect(compareParts(EXPECTED, EXPECTED)).toEqual([]);
});

test.each([...new Set(EXPECTED.map(({ kind }) => kind))])('finds each missing part of the kind "%s"', (missing) => {
  const parts = EXPECTED.filter(({ kind }) => kind === missing);
  const found = compareParts(
    EXPECTED,
    EXPECTED.filter(({ kind }) => kind !== missing),
  );
  // The columns of a view follow from its query, and without the query there is no view.
  const silent = parts.filter(({ kind, definition }) => kind === 'view column' || definition === 'view');
  expect(found.length).toBe(parts.length - silent.length);
});

test('says of a missing table only that, whatever it has', () => {
  const actual = EXPECTED.filter(({ table }) => table !== 'passkeys');
  expect(compareParts(EXPECTED, actual)).toEqual([
    {
      check: 'columns',
      status: 'failed',
      text: 'the table passkeys is missing',
      remedy: 'Restore it from a backup. Or make it with its statement in migrations/, and run a backfill.',
    },
  ]);
});

test('says of another relation in the place of a table only that', () => {
  const parts = [make('relation', 'passkeys', '', 'foreign table'), make('column', 'passkeys', 'id', 'bigint')];
  const actual = [...EXPECTED.filter(({ table }) => table !== 'passkeys'), ...parts];
  expect(compareParts(EXPECTED, actual).map(({ text }) => text)).toEqual([
    'passkeys is a foreign table and should be a table',
  ]);
});

test('makes a missing view again', () => {
  const actual = EXPECTED.filter(({ table }) => table !== 'active_users');
  expect(compareParts(EXPECTED, actual)).toEqual([
    {
      check: 'view',
      status: 'failed',
      text: 'the view active_users is missing',
      remedy: expect.stringMatching(/^create view clerk\.active_users as\n SELECT users\.id,/),
    },
  ]);
});

describe('a part that is other than expected', () => {
  test('is a column without its default and its not null, which are added with it', () => {
    expect(compareWithout(make('column', 'users', 'extra'))).toEqual([
      {
        check: 'columns',
        status: 'failed',
        text: 'users.extra is missing',
        remedy: "alter table clerk.users add column extra jsonb default '{}'::jsonb not null;",
      },
    ]);
  });

  test('is a column that takes null', () => {
    expect(compareWithout(make('not null', 'users', 'observed_at'))).toEqual([
      {
        check: 'columns',
        status: 'warning',
        text: 'users.observed_at takes null',
        remedy: 'alter table clerk.users alter column observed_at set not null;',
      },
    ]);
  });

  test('is a default that should not be there', () => {
    expect(compareParts(EXPECTED, [...EXPECTED, make('default', 'users', 'gender', "'x'::text")])).toEqual([
      {
        check: 'columns',
        status: 'warning',
        text: 'users.gender has another default',
        remedy: 'alter table clerk.users alter column gender drop default;',
      },
    ]);
  });

  test('is an index of another definition', () => {
    const index = make('index', 'users', 'users_username_idx', 'CREATE INDEX users_username_idx ON clerk.users (id)');
    expect(compareWithout(index, index)).toEqual([
      {
        check: 'indexes',
        status: 'warning',
        text: 'the index users_username_idx is another',
        remedy:
          'drop index concurrently clerk.users_username_idx; CREATE INDEX CONCURRENTLY users_username_idx ON clerk.users USING btree (username);',
      },
    ]);
  });

  test('is a check of another definition', () => {
    const constraint = make('constraint', 'backfill_runs', 'backfill_runs_state_check', 'CHECK (true)');
    expect(compareWithout(constraint, constraint)).toEqual([
      {
        check: 'constraints',
        status: 'failed',
        text: 'backfill_runs_state_check is another',
        remedy: expect.stringMatching(
          /^alter table clerk\.backfill_runs drop constraint backfill_runs_state_check; alter table clerk\.backfill_runs add constraint backfill_runs_state_check CHECK \(state = /,
        ),
      },
    ]);
  });

  test('is a comment of a view', () => {
    expect(compareWithout(make('comment', 'active_users', ''), make('comment', 'active_users', '', 'Mine'))).toEqual([
      {
        check: 'comments',
        status: 'warning',
        text: 'the comment of active_users is missing or changed',
        remedy: expect.stringMatching(/^comment on view clerk\.active_users is 'Users that are not deleted, /),
      },
    ]);
  });
});

describe('a part that is not expected', () => {
  test.each<[string, SchemaPart, string | undefined]>([
    [
      'a table',
      make('relation', 'mine', '', 'table'),
      'Keep it in a schema of your own: a later version may need the name.',
    ],
    [
      'a column',
      make('column', 'users', 'mine', 'text'),
      'Keep it in a schema of your own: a later version may need the name.',
    ],
    ['an index', make('index', 'users', 'mine', 'CREATE INDEX mine ON clerk.users (id)'), undefined],
    ['a column of a table of somebody else', make('column', 'mine', 'id', 'text'), undefined],
    ['a comment on a column of somebody else', make('comment', 'users', 'mine', 'Mine'), undefined],
    ['an index that is invalid', make('invalid index', 'users', 'Mine'), 'reindex index concurrently clerk."Mine";'],
  ])('is %s', (_what, part, remedy) => {
    const found = compareParts(EXPECTED, [...EXPECTED, part]);
    expect(found.map((difference) => difference.remedy)).toEqual(remedy === undefined ? [] : [remedy]);
  });
});

test('names the schema in definitions, and leaves comments as they are', () => {
  const expected = listExpected('"my schema"');
  const changed = expected.filter((part, place) => part.definition !== EXPECTED[place]?.definition);
  expect(new Set(changed.map(({ kind }) => kind))).toEqual(
    new Set(['query', 'index', 'constraint', 'function', 'trigger']),
  );
  expect(changed.filter(({ definition }) => definition.includes('clerk.'))).toEqual([]);
});
