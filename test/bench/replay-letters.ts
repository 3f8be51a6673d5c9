import type postgres from 'postgres';
import { createPool } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { makeDeliveryEntry } from '../../src/sync/batch-entry.ts';
import { settleBatch } from '../../src/sync/settle-batch.ts';
import { type BenchEvent, createBenchEvents } from './bench-events.ts';

/** Letters of an outage: updates that a constraint refused, which is gone. Their users are there. */
export interface LettersOptions {
  readonly users: number;
  readonly letters: number;
}

const CHUNK = 500;

/** Fills a database with users, and with dead letters about them that would be applied now. */
export async function insertLetters(
  database: { readonly url: string; readonly sql: postgres.Sql },
  options: LettersOptions,
): Promise<void> {
  const { users, letters } = options;
  const pool = createPool({ target: parseDatabaseUrl(database.url), size: 1 });
  const at = new Date();
  const source = { run: 'letters', users };
  for (const chunk of splitEvents(createBenchEvents({ ...source, events: users }), CHUNK)) {
    const entries = chunk.map(({ messageId, body }) =>
      makeDeliveryEntry({ messageId, body, signedAt: at, receivedAt: at }),
    );
    await settleBatch({ pool, deletedUsers: 'erase' }, entries, 60_000);
  }
  await pool.close();
  for (const chunk of splitEvents(createBenchEvents({ ...source, firstEvent: users, events: letters }), CHUNK)) {
    await insert(database.sql, chunk);
  }
  // As half an hour later, and without what the inserts left to do.
  await database.sql`vacuum analyze clerk.dead_letters, clerk.webhook_messages, clerk.users`;
  await database.sql`checkpoint`;
}

/** As the write path keeps them, an hour ago and a millisecond apart. */
async function insert(sql: postgres.Sql, events: readonly BenchEvent[]): Promise<void> {
  const rows = JSON.stringify(events.map(({ messageId, userId, body }) => ({ messageId, userId, body })));
  await sql`
    with r as (
      select *, timestamptz '2026-01-01Z' + right("messageId", 9)::int * interval '1 ms' as at
      from json_to_recordset(${rows}::text::json) as r("messageId" text, "userId" text, body text)
    ), messages as (
      insert into clerk.webhook_messages (message_id, event_type, user_id, event_at, received_at, outcome)
      select "messageId", 'user.updated', "userId", at, at, 'dead_letter' from r
    )
    insert into clerk.dead_letters (message_id, event_type, user_id, body, reason, path, error, details,
      first_failed_at, last_failed_at)
    select "messageId", 'user.updated', "userId", body, 'rejected_by_database', 'users.first_name',
      'The database refuses what the event says: it violates a constraint (SQLSTATE 23514).',
      '{"sqlstate": "23514", "table": "users", "column": "first_name"}', at, at
    from r`;
}

function* splitEvents(events: Iterable<BenchEvent>, size: number): Generator<BenchEvent[]> {
  let chunk: BenchEvent[] = [];
  for (const event of events) {
    chunk.push(event);
    if (chunk.length === size) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}
