import { stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline';
import { startFakeClerk } from '../support/fake-clerk/fake-clerk.ts';
import { makeApiUser } from '../support/fake-clerk/make-api-user.ts';

// A fake Clerk in a process of its own that takes changes of as many users as its argument says, answers at once and
// limits nobody. It prints one line of JSON: how to reach it. Each line of its standard input is JSON, `{ "block": id, "ms": 10000 }`:
// it answers requests about this user with 429 for so long. It ends with its standard input.
const users = Array.from({ length: Number(process.argv[2]) }, (_, n) => makeApiUser(n));
const { url, secretKey, blockUser, close } = await startFakeClerk({
  users,
  userRateLimit: { requests: 1e9, perMs: 1 },
});
stdout.write(`${JSON.stringify({ url, secretKey })}\n`);
for await (const line of createInterface({ input: stdin })) {
  const { block, ms } = JSON.parse(line) as { block: string; ms: number };
  blockUser(block, ms);
}
await close();
