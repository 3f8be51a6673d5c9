import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createPool } from '../../src/db/pool.ts';
import { keepReplaying } from '../../src/replay-runs/keep-replaying.ts';
import { runReplays } from '../../src/replay-runs/run-replays.ts';
import { type StartReplayOptions, startReplayRun } from '../../src/replay-runs/start-replay-run.ts';
import { useTestDatabase } from './database.ts';
import { makeUserBody, type UserEventOptions } from './user-event.ts';

/** A dead letter to insert. The rest is as the write path keeps a refused delivery. */
export interface TestLetter extends UserEventOptions {
  readonly body?: string;
  readonly columns?: Readonly<Record<string, unknown>>;
  /** Seconds after the start of the year. Default: its place. */
  readonly failedAfter?: number;
}

/** Letters of users of their own, which would be applied now. */
export function makeLetters(count: number, change: (place: number) => Partial<TestLetter> = () => ({})): TestLetter[] {
  return Array.from({ length: count }, (_, place) => {
    const number = String(place).padStart(5, '0');
    return { messageId: `msg_${number}`, userId: `user_${number}`, mark: number, at: place, ...change(place) };
  });
}

/**
 * A database with dead letters, and what replays them. It records by which messages users were written. Each write takes a
 * moment, so that a test can come between two batches.
 */
export async function useLetters(letters: readonly TestLetter[]) {
  const { sql, url, target } = await useTestDatabase();
  await sql.unsafe(`
    create table written (message_id text);
    create function record_write() returns trigger language plpgsql as $$
      begin
        insert into public.written (message_id) values (new.last_message_id);
        perform pg_sleep(0.0005);
        return null;
      end $$;
    create trigger record_write after insert or update on clerk.users for each row execute function record_write()`);
  const rows = letters.map(({ body, columns, failedAfter, ...event }, place) => ({
    ...{ message_id: event.messageId, event_type: event.type ?? 'user.updated', user_id: event.userId },
    ...{ reason: 'rejected_by_database', path: 'users.first_name', error: 'It was refused.', state: 'open' },
    ...{ body: body ?? makeUserBody(event), origin: 'webhook', details: {}, attempts: 1 },
    failed_at: new Date(Date.UTC(2026, 0, 1) + (failedAfter ?? place) * 1000),
    ...columns,
  }));
  await sql`
    with r as materialized (select r.*, (j ->> 'failed_at')::timestamptz as failed_at
      from json_array_elements(${JSON.stringify(rows)}::text::json) j
      cross join lateral json_populate_record(null::clerk.dead_letters, j) r
    ), messages as (
      insert into clerk.webhook_messages (message_id, event_type, user_id, event_at, received_at, outcome)
      select message_id, event_type, user_id, failed_at, failed_at, 'dead_letter' from r where origin = 'webhook'
    )
    insert into clerk.dead_letters (message_id, origin, event_type, user_id, body, reason, path, error, details, attempts,
      first_failed_at, last_failed_at, state)
    select message_id, origin, event_type, user_id, body, reason, path, error, details, attempts, failed_at, failed_at, state
    from r`;
  const pool = createPool({ target, size: 2 });
  onTestFinished(() => pool.close());
  const logged: ({ message: string } & Record<string, unknown>)[] = [];
  const log = (fields: object, message: string) => void logged.push({ ...fields, message });
  return {
    ...{ sql, url, pool, target, logged },
    settle: { pool, deletedUsers: 'erase' as const },
    start: (options: Partial<StartReplayOptions> = {}) =>
      pool.withTransaction((session) =>
        startReplayRun(session, { filter: {}, note: null, maxPerSecond: null, requestedBy: 'test', ...options }),
      ),
    /** Replays in this process, as the service does. */
    replay() {
      const stopping = new AbortController();
      const lines = { info: log, warn: log, error: log };
      const ended = keepReplaying({ target, deletedUsers: 'erase', log: lines, signal: stopping.signal });
      const stop = () => {
        stopping.abort();
        return ended;
      };
      onTestFinished(stop);
      return { stop };
    },
    /** Works on all running runs until there is none. */
    runAll: () => {
      const { signal } = new AbortController();
      const lines = { info: log, warn: log, error: log };
      return runReplays({ target, settle: { pool, deletedUsers: 'erase' }, log: lines, signal });
    },
    /** Replays in a process of its own. */
    spawn: () => spawnReplays(url),
    countStates: async () =>
      Object.fromEntries(
        (await sql`select state, count(*)::int as letters from clerk.dead_letters group by 1`).map((row) => [
          row.state,
          row.letters,
        ]),
      ),
    /** Processes that look for letters: each does so on one connection. */
    countReplaying: async () =>
      (
        await sql`select count(*)::int as processes from pg_stat_activity
        where application_name = 'clerk-sync replays' and datname = current_database()`
      )[0]?.processes,
    /** Messages that were applied more than once. */
    findWrittenTwice: async () => [
      ...(await sql`select message_id from written group by message_id having count(*) > 1`),
    ],
  };
}

function spawnReplays(url: string) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'replay-process.ts'), url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let log = '';
  child.stdout.on('data', (text) => {
    log += text;
  });
  const exited = once(child, 'exit');
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await exited;
  };
  onTestFinished(() => kill('SIGTERM'));
  return { kill, log: () => log };
}
