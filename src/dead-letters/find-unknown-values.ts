import { type SQLWrapper, sql } from 'drizzle-orm';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement, type Statement } from '../db/sql/define-statement.ts';
import { KNOWN_REASONS } from './explain-dead-letter.ts';
import type { DeadLetterFilter } from './find-dead-letters.ts';

/** A value of a filter that no letter can have. */
export interface UnknownValue {
  readonly part: 'types' | 'reasons' | 'paths';
  readonly value: string;
  /** What it can be: the codes of this version, and what letters of any state have. */
  readonly known: readonly string[];
}

/** Only events about users can't be applied: the others are ignored. */
const KNOWN_TYPES = ['user.created', 'user.updated', 'user.deleted'];

const listValues = (name: string, column: SQLWrapper) =>
  defineStatement(
    `list the ${name} of dead letters`,
    sql`
  select distinct ${column} as value from ${deadLetters}`,
  );

const PARTS: readonly { part: UnknownValue['part']; statement: Statement; codes: readonly string[] }[] = [
  { part: 'types', statement: listValues('types', deadLetters.event_type), codes: KNOWN_TYPES },
  { part: 'reasons', statement: listValues('reasons', deadLetters.reason), codes: KNOWN_REASONS },
  { part: 'paths', statement: listValues('paths', deadLetters.path), codes: [] },
];

/** Finds misspelt values: with them it looks as if nothing waits. It asks the database only for what is no known code. */
export async function findUnknownValues(session: Session, filter: DeadLetterFilter): Promise<UnknownValue[]> {
  const unknown: UnknownValue[] = [];
  for (const { part, statement, codes } of PARTS) {
    const asked = (filter[part] ?? []).filter((value) => value !== null);
    if (asked.every((value) => codes.includes(value))) continue;
    const rows = await session.run<{ value: string | null }>(statement);
    const known = [...new Set([...codes, ...rows.flatMap(({ value }) => value ?? [])])];
    unknown.push(
      ...asked.filter((value) => !known.includes(value)).map((value): UnknownValue => ({ part, value, known })),
    );
  }
  return unknown;
}
