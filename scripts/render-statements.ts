import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listStatements } from '../src/db/sql/define-statement.ts';

const HEAD = `-- Every statement of the program that touches a table, as Drizzle renders it from drizzle/schema, written by
-- \`npm run db:dump\` and compared by \`npm run db:check\`: what a change does to them shows here as a difference.
-- Never edit it. Long lines are broken here alone.
`;

const LONGEST_LINE = 120;

const root = join(import.meta.dirname, '..');
for (const path of globSync('src/**/*.ts', { cwd: root }).sort()) {
  const file = join(root, path);
  if (/\bdefineStatement\(/.test(readFileSync(file, 'utf8'))) await import(file);
}

/** Renders `test/fixtures/statements.sql`. */
export function renderStatements(): string {
  const statements = [...listStatements()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const names = statements.map(({ name }) => name);
  const twice = names.filter((name, place) => names.indexOf(name) !== place);
  if (twice.length > 0) throw new Error(`Several statements have one name: ${twice.join(', ')}.`);
  return [HEAD, ...statements.map(({ name, text }) => `-- ${name}\n${format(text)};\n`)].join('\n');
}

/** The text without the indentation that all of its lines share. */
function format(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const indents = lines.slice(1).map((line) => line.length - line.trimStart().length);
  const shared = Math.min(...(text.startsWith('\n') ? [indentOf(lines[0] ?? '')] : []), ...indents);
  return lines.flatMap((line, place) => breakLine(place === 0 ? line.trimStart() : line.slice(shared))).join('\n');
}

function breakLine(line: string): string[] {
  const indent = ' '.repeat(indentOf(line) + 2);
  const broken: string[] = [];
  let rest = line;
  for (let end = findEnd(rest); end !== -1; end = findEnd(rest)) {
    broken.push(rest.slice(0, end + 1));
    rest = `${indent}${rest.slice(end + 2)}`;
  }
  return [...broken, rest];
}

/** The last comma of what has place on a line; -1 where all of it has, or no comma stands before its end. */
function findEnd(line: string): number {
  return line.length <= LONGEST_LINE ? -1 : line.lastIndexOf(', ', LONGEST_LINE);
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
