import { onTestFinished } from 'vitest';
import { createPool } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { createReceiver } from '../../src/sync/receive.ts';
import { useTestDatabase } from './database.ts';
import { makeApp } from './make-app.ts';
import { makeSignedRequest, type SignOptions } from './signed-request.ts';

/** The service's routes over the real receiver and a database of the running test's own. */
export async function useReceivingApp() {
  const database = await useTestDatabase();
  const pool = createPool({ target: parseDatabaseUrl(database.url), size: 4 });
  onTestFinished(() => pool.close());
  const receiver = createReceiver({ pool, deletedUsers: 'erase' });
  const made = makeApp({ receive: (delivery) => receiver.receive(delivery) });
  /** Posts `body`, signed; the answer's status and body. */
  const send = async (body: string, options: Partial<SignOptions> = {}) => {
    const request = makeSignedRequest(body, { secret: made.secret, ...options });
    const response = await made.app.request('/webhooks/clerk', request);
    return { status: response.status, body: (await response.json()) as { outcome: string; message_id: string } };
  };
  return { ...made, database, pool, send };
}

/** The smallest `user.updated` that Clerk could send, with properties of the test's own. */
export function makeUserEvent(properties: Record<string, unknown> = {}, userId = 'user_1'): Record<string, unknown> {
  return {
    object: 'event',
    type: 'user.updated',
    timestamp: 1_767_225_600_100,
    instance_id: 'ins_1',
    data: { object: 'user', id: userId, created_at: 1_767_225_600_000, updated_at: 1_767_225_600_000, ...properties },
  };
}

/** Whatever came before, an honest event goes through: compare with `unharmed`. */
export async function sendHonestEvent({ send, database }: Awaited<ReturnType<typeof useReceivingApp>>) {
  const event = JSON.stringify(makeUserEvent({ username: 'honest' }, 'user_honest'));
  const answer = await send(event, { messageId: 'msg_honest' });
  return { answer, rows: [...(await database.sql`select username from clerk.users where id = 'user_honest'`)] };
}

export const unharmed = {
  answer: { status: 200, body: { outcome: 'applied', message_id: 'msg_honest' } },
  rows: [{ username: 'honest' }],
};

/** An event as text, with `json` put where the text "here" stands among its properties. */
export function makeEventWith(properties: Record<string, unknown>, json: string): string {
  return JSON.stringify(makeUserEvent(properties)).replace('"here"', () => json);
}
