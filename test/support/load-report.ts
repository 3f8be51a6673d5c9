import type postgres from 'postgres';
import type { SampleEvent } from '../../src/samples/sample-event.ts';
import type { Answer, Load } from './load.ts';

/** How the attempts were answered, and what the tables hold. */
export interface LoadReport {
  readonly sent: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly unanswered: number;
  /** Any other status: there must be none. */
  readonly others: readonly (number | null)[];
  readonly slowestMs: number;
  /** Messages that were settled although no answer says so: allowed where something was killed. */
  readonly unheard: number;
}

/** Counts the first answer of each message, before anything is sent again. */
export async function reportLoad(sql: postgres.Sql, { answers }: Load): Promise<LoadReport> {
  const settled = await sql<{ message_id: string }[]>`select message_id from clerk.webhook_messages`;
  const first = [...answers.values()].map((all) => all[0] as Answer);
  const count = (status: number | null) => first.filter((answer) => answer.status === status).length;
  return {
    sent: first.length,
    acknowledged: count(200),
    refused: count(503),
    unanswered: count(null),
    others: first.map(({ status }) => status).filter((status) => status !== null && status !== 200 && status !== 503),
    slowestMs: Math.round(Math.max(...first.map(({ ms }) => ms))),
    unheard: settled.filter(({ message_id: id }) => !answers.get(id)?.some(({ status }) => status === 200)).length,
  };
}

interface Row {
  readonly message_id: string;
  readonly outcome: string;
  readonly updated_at: Date | null;
  readonly deleted_at: Date | null;
  readonly has_letter: boolean;
}

/**
 * Looks for what every acknowledged message left behind: its row in the ledger, and its user at its version or a later
 * one, or else its dead letter. Returns a line for each that is missing.
 */
export async function findBrokenPromises(
  sql: postgres.Sql,
  load: Load,
  events: readonly SampleEvent[],
): Promise<string[]> {
  const rows = await sql<Row[]>`
    select m.message_id, m.outcome, u.updated_at, u.deleted_at, d.message_id is not null as has_letter
    from clerk.webhook_messages m
    left join clerk.users u on u.id = m.user_id
    left join clerk.dead_letters d on d.message_id = m.message_id`;
  const byMessage = new Map(rows.map((row) => [row.message_id, row]));
  return events
    .filter(({ messageId }) => load.answers.get(messageId)?.some(({ status }) => status === 200))
    .flatMap((event) => {
      const problem = findProblem(event, byMessage.get(event.messageId));
      return problem === undefined ? [] : [`${event.messageId} (${event.type}): ${problem}`];
    });
}

function findProblem({ type, body }: SampleEvent, row: Row | undefined): string | undefined {
  if (row === undefined) return 'not in the ledger';
  if (row.outcome === 'dead_letter') return row.has_letter ? undefined : 'no dead letter';
  if (type === 'user.deleted') return row.deleted_at === null ? 'the user is not deleted' : undefined;
  if (!type.startsWith('user.') || row.deleted_at !== null) return undefined;
  const { updated_at: updatedAt } = JSON.parse(body).data;
  if (row.updated_at === null) return 'no user';
  return row.updated_at.getTime() >= updatedAt ? undefined : 'the user is at an older version';
}

/** How many rows each table holds. */
export async function countRows(sql: postgres.Sql): Promise<Record<string, number>> {
  const [row] = await sql<Record<string, number>[]>`
    select (select count(*)::int from clerk.users) as users,
      (select count(*)::int from clerk.email_addresses) as email_addresses,
      (select count(*)::int from clerk.webhook_messages) as webhook_messages,
      (select count(*)::int from clerk.dead_letters) as dead_letters`;
  return row ?? {};
}
