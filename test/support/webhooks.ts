import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createVerifier } from '../../src/clerk/webhook/verify-delivery.ts';
import { createPool } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createReceiver } from '../../src/sync/receive.ts';
import { useTestDatabase } from './database.ts';
import { dumpTables, type TablesDump } from './database-dump.ts';
import { makeApp } from './make-app.ts';
import { makeSecret, type SignOptions, signRequest } from './signed-request.ts';

export interface WebhooksOptions {
  readonly secrets?: readonly string[];
  readonly deletedUsers?: 'erase' | 'retain';
}

/** What the sender decides; a fresh id, the first secret and now, when absent. */
export type SendOptions = Partial<SignOptions>;

/** Columns that hold the clock of the program or of the machine: asserted on their own, and left out elsewhere. */
const CLOCKS = ['synced_at', 'received_at'];

const FIXTURES = join(import.meta.dirname, '../fixtures/clerk');

/** A payload of `test/fixtures/clerk`, by its file's name without the ending. */
export function readFixture(name: string): string {
  return readFileSync(join(FIXTURES, `${name}.json`), 'utf8');
}

/**
 * Everything that a webhook goes through, on a database of the running test's own: the routes, the verifier, the
 * receiver and Postgres. Only the socket is left out.
 */
export async function useWebhooks({ secrets = [makeSecret()], deletedUsers = 'erase' }: WebhooksOptions = {}) {
  const { sql, url } = await useTestDatabase();
  const pool = createPool({ target: parseDatabaseUrl(url), size: 2 });
  onTestFinished(() => pool.close());
  const lines: string[] = [];
  const { app } = makeApp({
    verify: createVerifier(secrets),
    receive: createReceiver({ pool, deletedUsers }).receive,
    logger: createLogger({ level: 'trace', stream: { write: (line) => void lines.push(line) } }),
  });
  const send = async (body: string, options: SendOptions = {}): Promise<string> => {
    const headers = signRequest(body, { secret: secrets[0] as string, ...options });
    const response = await app.request('/webhooks/clerk', { method: 'POST', headers, body });
    const answer = (await response.json()) as { outcome?: string; error?: { code: string } };
    return answer.outcome ?? `${response.status} ${answer.error?.code}`;
  };
  return {
    sql,
    /** Sends a body, signed; resolves with the outcome, or with the status and code of an error. */
    send,
    /** Sends an event, which may be written as an object where its bytes don't matter. */
    sendEvent: (event: object, options?: SendOptions) => send(JSON.stringify(event), options),
    sendFixture: (name: string, options?: SendOptions) => send(readFixture(name), options),
    /** All rows of all tables, without the clocks. */
    dump: (): Promise<TablesDump> => dumpTables(sql, { omit: CLOCKS }),
    /** All rows of all tables with every column. */
    dumpWithClocks: (): Promise<TablesDump> => dumpTables(sql),
    /** Every log line so far. */
    logs: () => lines.join(''),
  };
}
