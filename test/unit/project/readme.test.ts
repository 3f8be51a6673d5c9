import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Column, getTableColumns, getTableName, is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { describe, expect, test } from 'vitest';
import * as schema from '../../../drizzle/schema/index.ts';
import { variables } from '../../../src/config/config-variables.ts';
import { explainDeadLetter } from '../../../src/dead-letters/explain-dead-letter.ts';
import { findBlocks, findTable, readPage } from '../../support/markdown.ts';

const root = join(import.meta.dirname, '../../..');
const readme = readPage('README.md');
const operations = readPage('docs/operations.md');
const PAGES = globSync(['*.md', 'docs/*.md', 'examples/*/README.md'], { cwd: root });

test('the table of variables is the one that the program reads', () => {
  expect(findTable(readme, '## Variables')).toEqual(
    Object.entries(variables).map(([name, { meaning, fallback }]) => [
      `\`${name}\``,
      meaning,
      fallback === undefined ? 'unset' : `\`${fallback}\``,
    ]),
  );
});

describe('the entity-relationship diagram', () => {
  const [diagram] = findBlocks(readPage('docs/schema.md'), 'mermaid');
  const entities = [...(diagram?.text ?? '').matchAll(/^ {4}(\w+) \{\n([\s\S]*?)^ {4}\}$/gm)];
  const tables: ReadonlyMap<string, PgTable> = new Map(
    Object.values(schema)
      .filter((value) => is(value, PgTable))
      .map((table) => [getTableName(table), table] as const),
  );

  test('has every table', () => {
    expect(new Set(entities.map(([, name]) => name))).toEqual(new Set(tables.keys()));
  });

  test.each(entities.map(([, name = '', body = '']) => ({ name, body })))('shows $name as it is', ({ name, body }) => {
    const table = tables.get(name) as PgTable;
    const shown = [...body.matchAll(/^ {8}(\w+) (\w+)(?: (PK|PK,FK|FK))?(?: ".*")?$/gm)];
    expect(shown).toHaveLength(body.trim().split('\n').length);

    const columns = getTableColumns(table) as Record<string, Column>;
    expect(shown.map(([, type, column, keys]) => ({ type, column, keys }))).toEqual(
      shown.map(([, , column = '']) => describeColumn(table, columns[column])),
    );
  });

  test('draws every foreign key, and says of the other lines that they are none', () => {
    const lines = [...(diagram?.text ?? '').matchAll(/^ {4}(\w+) \S+ (\w+) : "(.*)"$/gm)].map(
      ([, parent, child, label]) => `${child} -> ${parent}: ${label}`,
    );
    const foreignKeys = [...tables.values()].flatMap((table) =>
      getTableConfig(table).foreignKeys.map((key) => {
        const { columns, foreignTable } = key.reference();
        return `${getTableName(table)} -> ${getTableName(foreignTable)}: ${columns.map(({ name }) => name).join()}`;
      }),
    );
    expect(new Set(lines.filter((line) => !line.endsWith(', no foreign key')))).toEqual(new Set(foreignKeys));
  });
});

function describeColumn(table: PgTable, column: Column | undefined) {
  if (column === undefined) return;
  const { primaryKeys, foreignKeys } = getTableConfig(table);
  const isKey = column.primary || primaryKeys.some(({ columns }) => columns.some(({ name }) => name === column.name));
  const refers = foreignKeys.some((key) => key.reference().columns.some(({ name }) => name === column.name));
  const keys = [...(isKey ? ['PK'] : []), ...(refers ? ['FK'] : [])].join();
  const type = column.getSQLType().replace('timestamp with time zone', 'timestamptz');
  return { type, column: column.name, keys: keys === '' ? undefined : keys };
}

describe('the operations page', () => {
  test('says of each reason of a dead letter what to do', () => {
    const reasons = findTable(operations, '## Dead letters, by reason').map(([reason = '']) => reason.slice(1, -1));
    const open = { details: {}, state: 'open', resolution: null } as const;
    const unknown = explainDeadLetter({ ...open, reason: 'no such reason' });
    expect(reasons).toEqual(['invalid_json', 'invalid_shape', 'missing_user_id', 'rejected_by_database']);
    for (const reason of reasons) expect(explainDeadLetter({ ...open, reason })).not.toEqual(unknown);
  });

  test.each(['### What a 503 means', '## Answers'])('lists under "%s" codes that the program has', (heading) => {
    const isAnswers = heading === '## Answers';
    const rows = findTable(operations, heading).filter(([, code]) => !isAnswers || code?.startsWith('`'));
    const codes = rows.map((row) => (row[isAnswers ? 1 : 0] ?? '').slice(1, -1));
    const sources = ['http', 'clerk'].flatMap((part) => readSources(part)).join('\n');
    expect(codes.length).toBeGreaterThan(4);
    expect(codes.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
  });
});

describe('the map in CONTRIBUTING', () => {
  const contributing = readPage('CONTRIBUTING.md');
  const paths = [...contributing.matchAll(/`((?:src|drizzle|test|docs|migrations)\/[\w./-]*)`/g)].map(
    ([, path = '']) => path,
  );

  test('names only what is there', () => {
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('has every folder of the program', () => {
    const folders = globSync('src/*/', { cwd: root }).map((folder) => `${folder.replace(/\/?$/, '')}/`);
    expect(folders.length).toBeGreaterThan(10);
    expect(folders.filter((folder) => !paths.includes(folder))).toEqual([]);
  });
});

describe('links', () => {
  test.each(PAGES)('of %s lead somewhere', (path) => {
    const page = readPage(path);
    const links = [...page.matchAll(/\]\((?!https:)([^)]+)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      return !existsSync(join(root, target)) || (anchor !== undefined && !listAnchors(target).includes(anchor));
    });
    expect(broken).toEqual([]);
  });

  test('to tests, in the list of proofs, name files that exist', () => {
    const named = readPage('docs/architecture.md').match(/`test\/[\w/.-]+`/g) ?? [];
    expect(named.length).toBeGreaterThan(10);
    expect(named.map((name) => name.slice(1, -1)).filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });
});

function readSources(part: string): string[] {
  return globSync(`src/${part}/**/*.ts`, { cwd: root }).map((path) => readFileSync(join(root, path), 'utf8'));
}

/** The anchors that a page's headings get: lower case, punctuation dropped, hyphens for spaces. */
function listAnchors(path: string): string[] {
  return [...readPage(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}
