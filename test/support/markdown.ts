import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CodeBlock {
  readonly language: string;
  /** Without the indentation of the list that it may stand in. */
  readonly text: string;
}

/** A page of the documentation, by its path from the repository's root. */
export function readPage(path: string): string {
  return readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
}

/** The fenced blocks of a page in these languages, in order. */
export function findBlocks(page: string, ...languages: string[]): CodeBlock[] {
  return [...page.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)]
    .map(([, indent = '', found = '', text = '']) => ({
      language: found,
      text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }))
    .filter((block) => languages.includes(block.language));
}

/** The lines of a block, without the comments behind them. */
function readCommands({ text }: CodeBlock): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/ +# .*$/, ''))
    .filter((line) => line !== '');
}

/** A query with what its comment says of it. */
export interface Query {
  /** The comment's first line, without its full stop. */
  readonly caption: string;
  /** The index that serves it; undefined where the comment names none. */
  readonly index: string | undefined;
  readonly sql: string;
}

/** The queries of a page's `sql` blocks. Each begins with a comment that says what it answers. */
export function findQueries(page: string): Query[] {
  return findBlocks(page, 'sql').map(readQuery);
}

/** True for a statement that asks for a change of a user at Clerk: the tests of those pages run it, not those of queries. */
export function isWriteBack({ sql }: Query): boolean {
  return sql.includes('clerk.user_updates');
}

/** True for the statement that lets a signed-in user see themselves: it has a test of its own. */
export function isRowSecurity({ sql }: Query): boolean {
  return sql.includes('security_barrier');
}

function readQuery({ text: sql }: CodeBlock): Query {
  const [, caption = ''] = /^-- (.*?)\.?$/m.exec(sql) ?? [];
  const [, index] = /^-- Index: (\w+)$/m.exec(sql) ?? [];
  return { caption, index, sql };
}

/** What a reader does, from the first line of a page to the last: a command, or a query. */
export type Step = { readonly command: string } | Query;

/** The commands and queries of a page, in order. */
export function findSteps(page: string): Step[] {
  return findBlocks(page, 'sh', 'sql').flatMap((block): Step[] =>
    block.language === 'sql' ? [readQuery(block)] : readCommands(block).map((command) => ({ command })),
  );
}

/** The rows of the first table under a heading, without the head, cell by cell. */
export function findTable(page: string, heading: string): string[][] {
  const [section = ''] = page.split(`\n${heading}\n`)[1]?.split(/^#/m) ?? [];
  const [, table = ''] = /^\|.*\|\n\|[-|]+\|\n((?:\|.*\|\n)+)/m.exec(section) ?? [];
  return table
    .trim()
    .split('\n')
    .map((row) =>
      row
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}
