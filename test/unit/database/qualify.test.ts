import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { getQualifier, nameSchema } from '../../../src/db/sql/qualify.ts';

const root = join(import.meta.dirname, '../../..');

test('the default schema leaves every statement the very text that it is', () => {
  const statement = 'select id from clerk.users';
  expect(getQualifier('clerk')(statement)).toBe(statement);
});

test.each([
  ['select id from clerk.users u', 'select id from "my-schema".users u'],
  [
    'create table "clerk"."users" (check ("clerk"."users"."x" > 0))',
    'create table "my-schema"."users" (check ("my-schema"."users"."x" > 0))',
  ],
  ["comment on schema clerk is 'the schema clerk'", 'comment on schema "my-schema" is \'the schema clerk\''],
  ["where nspname = 'clerk'", "where nspname = 'my-schema'"],
  ["select to_regnamespace('clerk'), 1", 'select to_regnamespace(\'"my-schema"\'), 1'],
  ["select to_regclass('clerk.migrations') is null", 'select to_regclass(\'"my-schema".migrations\') is null'],
  [
    "insert into clerk.t values ('it''s clerk.users', 'clerk.users')",
    "insert into \"my-schema\".t values ('it''s clerk.users', 'clerk.users')",
  ],
  [
    'select "a clerk.users", my_clerk.users, x.clerk.users -- clerk.users',
    'select "a clerk.users", my_clerk.users, x.clerk.users -- clerk.users',
  ],
])('only the qualifier is another: %s', (statement, expected) => {
  expect(getQualifier('my-schema')(statement)).toBe(expected);
  expect(getQualifier('my-schema')(statement)).toBe(expected);
});

test.each([
  [`Users"x`, `select to_regnamespace('"Users""x"') from "Users""x".users where n = 'Users"x'`],
  [`it's`, `select to_regnamespace('"it''s"') from "it's".users where n = 'it''s'`],
  ['$&', `select to_regnamespace('"$&"') from "$&".users where n = '$&'`],
])('the name %s is quoted as it has to be', (schema, expected) => {
  expect(getQualifier(schema)(`select to_regnamespace('clerk') from clerk.users where n = 'clerk'`)).toBe(expected);
});

test('texts for people name the schema in statements and in words, and leave addresses alone', () => {
  const text = "Clerk's rows: alter table clerk.users …; the schema clerk; see clerk.com and https://api.clerk.com/v1";
  expect(nameSchema(text, 'my schema')).toBe(
    `Clerk's rows: alter table "my schema".users …; the schema "my schema"; see clerk.com and https://api.clerk.com/v1`,
  );
  expect(nameSchema(text, 'app')).toContain('alter table app.users …; the schema app;');
  expect(nameSchema(text, 'clerk')).toBe(text);
});

/** Still names the default schema. */
const NAMES_CLERK = /(?<![\w.@/-])"?clerk"?\.(?!com\b)|\bschema "?clerk\b|'clerk'/;

describe('no statement names the default schema when another is configured:', () => {
  const qualify = getQualifier('other');

  test.each(globSync('migrations/*.sql', { cwd: root }))('%s', (file) => {
    expect(qualify(readFileSync(join(root, file), 'utf8'))).not.toMatch(NAMES_CLERK);
  });

  const statements = globSync('src/**/*.ts', { cwd: root }).flatMap((file) =>
    listTexts(readFileSync(join(root, file), 'utf8'))
      .filter((text) => /\b(select|insert|update|delete|create|from|join)\b/.test(text) && NAMES_CLERK.test(text))
      .map((text) => [file, text] as const),
  );

  const rendered = readFileSync(join(root, 'test/fixtures/statements.sql'), 'utf8')
    .split('\n-- ')
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n'))] as const);

  test('there are statements in the sources, and rendered ones', () => {
    expect(statements.length).toBeGreaterThan(10);
    expect(rendered.length).toBeGreaterThan(60);
  });

  test.each(rendered)('%s', (_name, text) => {
    expect(qualify(text)).not.toMatch(NAMES_CLERK);
  });

  test.each(statements)('%s: %s', (_file, text) => {
    expect(nameSchema(qualify(text), 'other')).not.toMatch(NAMES_CLERK);
  });
});

/** Each text in a source, as it is written there. */
function listTexts(source: string): string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const texts = code.match(/`[^`]*`|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g) ?? [];
  return texts.map((text) => text.slice(1, -1).replaceAll(/\$\{[^}]*\}/g, 'gap'));
}
