import { stdin, stdout } from 'node:process';
import { startFakeClerk } from '../support/fake-clerk/fake-clerk.ts';
import { makeApiUser } from '../support/fake-clerk/make-api-user.ts';

// A fake Clerk in a process of its own that takes changes of as many users as its argument says, answers at once and
// limits nobody. It prints one line of JSON: how to reach it. It ends with its standard input.
const users = Array.from({ length: Number(process.argv[2]) }, (_, n) => makeApiUser(n));
const { url, secretKey, close } = await startFakeClerk({ users, userRateLimit: { requests: 1e9, perMs: 1 } });
stdout.write(`${JSON.stringify({ url, secretKey })}\n`);
stdin.resume().once('end', () => void close());
