import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { type ProcessStats, processes } from '../../drizzle/schema/processes.ts';
import type { Session } from '../db/pool.ts';
import { nameOf, namesOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

/** What a process says about itself. */
export interface ProcessFacts {
  readonly processId: string;
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** How many ms it has run. */
  readonly uptimeMs: number;
  /** How many ms ago it received its last verified delivery. Undefined: it has received none. */
  readonly lastDeliveryAgeMs: number | undefined;
  readonly stats: ProcessStats;
}

const p = alias(processes, 'p');

/** All times are the database's: its clock is the one that all processes share. */
const RECORD = defineStatement(
  'record a process',
  sql`
  insert into ${processes} as p
    (${namesOf([p.process_id, p.version, p.host, p.pid, p.started_at, p.seen_at, p.last_delivery_at, p.stats])})
  values ($1, $2, $3, $4, now() - $5::text::float8 * interval '1 millisecond', now(), now() - $6::text::float8 * interval '1 millisecond', $7::text::jsonb)
  on conflict (${nameOf(p.process_id)}) do update set
    ${nameOf(p.seen_at)} = excluded.seen_at, ${nameOf(p.last_delivery_at)} = excluded.last_delivery_at,
    ${nameOf(p.stats)} = excluded.stats`,
);

/** Who was killed could not remove the row. */
const REMOVE_OLD = defineStatement(
  'remove processes that are gone',
  sql`
  delete from ${processes} as p where ${p.seen_at} < now() - interval '1 hour'`,
);

const REMOVE = defineStatement(
  'remove a process',
  sql`
  delete from ${processes} as p where ${p.process_id} = $1`,
);

/** Writes the row of a process, and removes those of processes that nobody has seen for an hour. */
export async function recordProcess(session: Session, facts: ProcessFacts): Promise<void> {
  const { processId, version, host, pid, uptimeMs, lastDeliveryAgeMs: ageMs, stats } = facts;
  await Promise.all([
    session.run(RECORD, [
      ...[processId, version, host, pid, String(uptimeMs)],
      ageMs === undefined ? null : String(ageMs),
      JSON.stringify(stats),
    ]),
    session.run(REMOVE_OLD),
  ]);
}

/** Removes the row of a process that stops. */
export async function removeProcess(session: Session, processId: string): Promise<void> {
  await session.run(REMOVE, [processId]);
}
