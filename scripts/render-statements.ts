import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getTableName } from 'drizzle-orm';
import { listStatements, type Statement } from '../src/db/sql/define-statement.ts';
import { makeQuery } from '../src/db/sql/make-query.ts';
import { type DeadLetterFilter, makeDeadLettersQuery } from '../src/dead-letters/find-dead-letters.ts';
import { makeSummaryQuery } from '../src/dead-letters/summarize-dead-letters.ts';
import { EXTRA_TABLES, makePropertiesQuery } from '../src/doctor/checks/data/properties.ts';
import { makeUserCountQuery } from '../src/doctor/checks/data/users.ts';
import { type EventFilter, makeEventsQuery } from '../src/events/find-events.ts';
import { makeUpdatesQuery, type UpdateFilter } from '../src/user-updates/find-updates.ts';
import { makeInsert } from '../src/user-updates/request-user-update.ts';

const HEAD = `-- Every statement of the program that touches a table, as Drizzle renders it from drizzle/schema, written by
-- \`npm run db:dump\` and compared by \`npm run db:check\`: what a change does to them shows here as a difference.
-- Never edit it. Long lines are broken here alone.
`;

const LONGEST_LINE = 120;

const now = new Date();
const wholeFilter: DeadLetterFilter = {
  ids: ['a', 'b'],
  origins: ['webhook'],
  types: ['user.created'],
  reasons: ['invalid_shape'],
  paths: ['data.id', null],
  userIds: ['user_1'],
  states: ['open'],
  since: now,
  until: now,
  limit: 10,
};
const wholeUpdateFilter: UpdateFilter = {
  ids: [1, 2],
  userIds: ['user_1'],
  actions: ['ban'],
  states: ['pending'],
  reasons: ['form_param_unknown'],
  properties: ['username'],
  since: now,
  until: now,
  before: 10,
  limit: 10,
};
const wholeEventFilter: EventFilter = {
  messageIds: ['msg_1'],
  types: ['user.created'],
  userIds: ['user_1'],
  outcomes: ['applied'],
  since: now,
  until: now,
  before: { receivedAt: '0', messageId: 'msg_1' },
  limit: 10,
};
/** More than is read of a table as a whole. */
const MANY_PAGES = 1_000_000;

/** Statements that are composed for a call, each as the longest that it can be, or as one of few. */
const composed: readonly Statement[] = [
  { name: 'list dead letters, with every filter', ...makeDeadLettersQuery(wholeFilter) },
  { name: 'summarize dead letters, with one filter', ...makeSummaryQuery({ states: ['open'] }) },
  { name: 'search events for an outcome', ...makeEventsQuery({ outcomes: ['dead_letter'], limit: 10 }) },
  { name: 'summarize dead letters, with every filter', ...makeSummaryQuery(wholeFilter) },
  { name: 'list events, with every filter', ...makeEventsQuery(wholeEventFilter) },
  { name: 'list user updates, with every filter', ...makeUpdatesQuery(wholeUpdateFilter) },
  { name: 'request a user update', ...makeQuery(makeInsert({ userId: 'user_1', action: 'ban' }, 'clerk')) },
  { name: 'survey the users of a large table', ...makeUserCountQuery(MANY_PAGES) },
  ...EXTRA_TABLES.slice(0, 2).map((table) => ({
    name: `survey what ${getTableName(table)} have no column for`,
    ...makePropertiesQuery(table, 1),
  })),
];

const root = join(import.meta.dirname, '..');
for (const path of globSync('src/**/*.ts', { cwd: root }).sort()) {
  const file = join(root, path);
  if (/\bdefineStatement\(/.test(readFileSync(file, 'utf8'))) await import(file);
}

/** Renders `test/fixtures/statements.sql`. */
export function renderStatements(): string {
  const statements = [...listStatements(), ...composed].sort((a, b) => (a.name < b.name ? -1 : 1));
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
  return lines
    .flatMap((line, place) =>
      breakLine(place === 0 ? line.trimStart() : line.slice(shared)).map((part) => part.trimEnd()),
    )
    .join('\n');
}

/** Where a line may be broken: behind a comma, and before a word that begins a part. */
const BREAK = /(?<=,) |(?<=\S) (?=(?:and|or|from|where|union|join|order|limit) )/g;

function breakLine(line: string): string[] {
  const indent = ' '.repeat(indentOf(line) + 2);
  const broken: string[] = [];
  let rest = line;
  for (let end = findBreak(rest); end !== undefined; end = findBreak(rest)) {
    broken.push(rest.slice(0, end));
    rest = `${indent}${rest.slice(end + 1)}`;
  }
  return [...broken, rest];
}

/** The last place that leaves no more than a line; undefined where the whole has place, or nothing can be done. */
function findBreak(line: string): number | undefined {
  if (line.length <= LONGEST_LINE) return undefined;
  return [...line.matchAll(BREAK)].map(({ index }) => index).findLast((index) => index <= LONGEST_LINE);
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
