import { stdout } from 'node:process';
import { createClerkApi } from '../../src/clerk/api/clerk-api.ts';
import { walkUsers } from '../../src/walk/walk-users.ts';

// What a backfill costs before it writes: it asks for all users, page by page, reads each, and throws him away. Prints one
// line of JSON. The process's start is not counted, as it isn't in a backfill's own seconds.
const { CLERK_SECRET_KEY: secretKey = '', CLERK_API_URL: apiUrl = '' } = process.env;
const api = createClerkApi({ secretKey, apiUrl });
const [begunAt, cpuBefore] = [performance.now(), process.cpuUsage()];
let users = 0;
for await (const page of walkUsers(api)) users += page.users.filter(({ user }) => user !== undefined).length;
const { user, system } = process.cpuUsage(cpuBefore);
const seconds = (performance.now() - begunAt) / 1000;
stdout.write(`${JSON.stringify({ users, seconds, cpuSeconds: (user + system) / 1e6 })}\n`);
