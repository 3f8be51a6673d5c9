import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { expect, test } from 'vitest';
import { deadLetters, users } from '../../../drizzle/schema/index.ts';
import { assign, listColumns, recordset } from '../../../src/db/sql/columns.ts';
import { defineStatement } from '../../../src/db/sql/define-statement.ts';
import { makeQuery } from '../../../src/db/sql/make-query.ts';

const root = join(import.meta.dirname, '../../..');

test('a statement is one text, with the names of the schema', () => {
  const u = alias(users, 'u');
  expect(defineStatement('a test', sql`select ${u.id} from ${users} as u where ${u.id} = $1`)).toEqual({
    name: 'a test',
    text: 'select "u"."id" from "clerk"."users" as u where "u"."id" = $1',
  });
});

test('a statement that holds a value is refused: its text would not be all of it', () => {
  const statement = defineStatement('a test', sql`select ${users.id} from ${users} where ${users.id} = ${'user_1'}`);
  expect(() => statement.text).toThrow('The statement "a test" holds values');
});

test('a statement that is composed for a call has its values as parameters, in the form of their columns', () => {
  const at = new Date('2026-01-01T00:00:00Z');
  expect(makeQuery(sql`select ${sql.param(at, deadLetters.first_failed_at)}, ${'x'} from ${deadLetters}`)).toEqual({
    text: 'select $1, $2 from "clerk"."dead_letters"',
    parameters: [at.toISOString(), 'x'],
  });
});

test('rows and assignments say the names and the types of the columns', () => {
  const [r, excluded] = [alias(users, 'r'), alias(users, 'excluded')];
  const { text } = makeQuery(
    sql`${recordset([r.id, r.created_at], { more: 'text[]' })}; ${assign([users.scim], excluded)}`,
  );
  expect(text).toBe(
    'json_to_recordset($1::text::json) as "r"("id" text, "created_at" timestamp with time zone, "more" text[]); ' +
      '"scim" = "excluded"."scim"',
  );
  expect(listColumns(users).length).toBeGreaterThan(40);
});

/** Texts for people, and the record of the migrations, which no schema file describes. */
const NAMING_BY_HAND = [
  'src/cli/send/format-send-report.ts',
  'src/cli/send/send-report.ts',
  'src/db/migrations/migrate.ts',
  'src/db/migrations/migration-state.ts',
];

test('no other statement names a table by hand', () => {
  const naming = globSync('src/**/*.ts', { cwd: root }).filter((file) =>
    /\b(?:from|join|into|update|using)\s+"?clerk"?\.["\w$]/i.test(readFileSync(join(root, file), 'utf8')),
  );
  expect(naming.sort()).toEqual(NAMING_BY_HAND);
});
