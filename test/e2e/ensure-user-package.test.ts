import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { makeApiUser, makeUserId } from '../support/fake-clerk/make-api-user.ts';
import { useUserSync } from '../support/user-sync.ts';

const ROOT = join(import.meta.dirname, '../..');
const TSC = join(ROOT, 'node_modules/.bin/tsc');
const exec = promisify(execFile);

/** An application in TypeScript, which knows nothing of this project's compiler options. */
const APP = `import { createEnsureUser, type EnsureOutcome } from 'clerk-sync/ensure-user';

const [databaseUrl = '', secretKey = '', apiUrl = '', ...ids] = process.argv.slice(2);
const { ensureUser, close } = createEnsureUser({ databaseUrl, secretKey, apiUrl, timeoutMs: 5000 });
const outcomes: EnsureOutcome[] = [];
for (const id of ids) outcomes.push(await ensureUser(id));
console.log(JSON.stringify(outcomes));
await close();
`;

/** What an application declares of Node here: its types are not installed. */
const AMBIENT = 'declare const process: { argv: string[] };\ndeclare const console: { log(text: string): void };\n';

const TSCONFIG = {
  compilerOptions: { strict: true, noEmit: true, module: 'nodenext', target: 'es2024', lib: ['es2024'], types: [] },
  include: ['*.ts'],
};

/** A project in a folder of its own that depends on this checkout, as `npm install ../clerk-sync` makes it. */
async function useApplication(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-app-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const files = {
    'package.json': JSON.stringify({ name: 'application', version: '1.0.0', private: true, type: 'module' }),
    'app.ts': APP,
    'ambient.d.ts': AMBIENT,
    'tsconfig.json': JSON.stringify(TSCONFIG),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  await exec('npm', ['install', '--offline', '--no-audit', '--no-fund', ROOT], { cwd: directory });
  return directory;
}

test('an application that depends on the checkout compiles with it, and calls ensureUser', async () => {
  const { url, clerk, readUsers } = await useUserSync({ users: [makeApiUser(1)] });
  const cwd = await useApplication();
  const { stdout: complaints } = await exec(TSC, [], { cwd }).catch((error: { stdout: string }) => error);
  expect(complaints).toBe('');
  const args = ['app.ts', url, clerk.secretKey, clerk.url, makeUserId(1), makeUserId(1), 'user_gone'];
  // To the end: what keeps the process running would keep an application from stopping.
  const { stdout } = await exec(process.execPath, args, { cwd, timeout: 60_000 });
  expect(JSON.parse(stdout)).toEqual(['applied', 'present', 'not_found']);
  expect((await readUsers()).map(({ id, emails }) => [id, emails])).toEqual([[makeUserId(1), 2]]);
});
