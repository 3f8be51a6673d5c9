import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { UserShape } from './make-api-user.ts';

const MODULE = join(import.meta.dirname, '../fake-clerk-process.ts');

export interface FakeClerkProcess {
  /** Without `/v1`, as `CLERK_API_URL` has it. */
  readonly url: string;
  readonly secretKey: string;
  readonly instanceId: string;
  /** The queries of all requests for `/users` so far, as `limit=500&order_by=%2Bcreated_at`. */
  readListQueries(): Promise<string[]>;
  /** Ends the process. */
  close(): Promise<void>;
}

/**
 * Starts a fake Clerk with `users` users, 0 up, in a process of its own, which answers at once: so it costs the process
 * that measures neither memory nor time. Its users are those of `USER_SHAPES` and never change.
 */
export async function spawnFakeClerk(users: number, shape: UserShape = 'whole'): Promise<FakeClerkProcess> {
  const child = spawn(process.execPath, [MODULE, String(users), shape], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, 'line'), exited]);
  if (typeof line !== 'string') throw new Error('The fake Clerk has ended instead of serving.');
  const { url, secretKey, instanceId } = JSON.parse(line);
  return {
    ...{ url, secretKey, instanceId },
    readListQueries: async () => (await fetch(`${url}/list-queries`)).json() as Promise<string[]>,
    async close() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
