import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { useTestDatabase } from '../support/database.ts';
import { type Dockerfile, type ImageTree, makeImageTree, readDockerfile } from '../support/image-tree.ts';

// Runs what the Dockerfile puts together, as its user would: without the development dependencies, without the right to
// write anywhere. Not covered: the base image itself, for which the workflow builds and starts the real one.

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

let dockerfile: Dockerfile;
let tree: ImageTree;

beforeAll(async () => {
  dockerfile = await readDockerfile();
  tree = await makeImageTree(dockerfile);
});

afterAll(async () => {
  await tree.remove();
});

interface Result {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in the image's working directory, with this environment alone. */
async function run([file = '', ...parameters]: string[], env: Record<string, string>): Promise<Result> {
  const options = { cwd: tree.app, env: { ...env, PATH: `${tree.bin}:/usr/bin:/bin` }, ...tree.identity };
  const { promise, resolve } = Promise.withResolvers<Result>();
  const child = execFile(file, parameters, options, (_, stdout, stderr) => {
    resolve({ exitCode: child.exitCode, stdout, stderr });
  });
  return await promise;
}

/** Starts the image's own command. */
function start(env: Record<string, string>): { child: ChildProcess; output: () => string } {
  const [file = '', ...parameters] = [...dockerfile.entrypoint, ...dockerfile.command];
  const options = { cwd: tree.app, env: { ...env, PATH: `${tree.bin}:/usr/bin:/bin` }, ...tree.identity };
  const child = spawn(file, parameters, options);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return { child, output: () => output };
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}

test('the image runs as a user who is not root', () => {
  expect(dockerfile.user).toBe('node');
});

test('nothing in the image can be written', async () => {
  const attempts = ['.', 'src', 'node_modules'].map((path) => run(['touch', `${path}/new`], {}));
  const results = await Promise.all(attempts);
  expect(results.map(({ exitCode }) => exitCode)).toEqual([1, 1, 1]);
});

test('the service starts, is healthy, syncs a user and stops', async () => {
  const database = await useTestDatabase({ from: 'nothing' });
  const port = String(await findFreePort());
  const env = { DATABASE_URL: database.url, CLERK_WEBHOOK_SIGNING_SECRET: SECRET, PORT: port };
  expect(await run(dockerfile.healthcheck, env)).toMatchObject({ exitCode: 1 });

  const { child, output } = start(env);
  try {
    const check = async () => expect(await run(dockerfile.healthcheck, env)).toMatchObject({ exitCode: 0 });
    await vi.waitFor(check, { timeout: 60_000 }).catch((error) => {
      throw new Error(`Never healthy:\n${output()}`, { cause: error });
    });

    const sent = await run(['clerk-sync', 'send', 'user.created'], env);
    expect(sent).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('applied') });
    expect(await database.sql`select count(*)::int from clerk.users`).toEqual([{ count: 1 }]);

    const listed = await run([...dockerfile.entrypoint, 'dead-letters', 'list', '--json'], env);
    expect(listed).toMatchObject({ exitCode: 0, stderr: '' });
    // 3: without a secret key of Clerk it can't look at everything.
    const checked = await run([...dockerfile.entrypoint, 'doctor', '--json'], env);
    expect(checked).toMatchObject({ exitCode: 3, stderr: '' });
    expect(JSON.parse(checked.stdout)).toMatchObject({ status: 'warning', counts: { failed: 0 } });

    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

test('without variables it exits 2, and names the two that must be set', async () => {
  const env = dockerfile.environment;
  expect(await run([...dockerfile.entrypoint, ...dockerfile.command], env)).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `clerk-sync: The configuration is not valid:
  - CLERK_WEBHOOK_SIGNING_SECRET is not set. Copy the signing secret from the page of the webhook endpoint in Clerk's dashboard.
  - DATABASE_URL is not set, and this looks like production: NODE_ENV is production. Set DATABASE_URL to your Postgres, or EMBEDDED_POSTGRES=on to use the built-in one.
The file .env.example explains every variable.
`,
  });
});

test('with EMBEDDED_POSTGRES=on it says that the image has no Postgres', async () => {
  const env = { ...dockerfile.environment, EMBEDDED_POSTGRES: 'on' };
  const { exitCode, stderr } = await run([...dockerfile.entrypoint, ...dockerfile.command], env);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(
    /^clerk-sync: DATABASE_URL is not set, and the built-in Postgres is not installed .*\nSet DATABASE_URL to your Postgres\. Or /m,
  );
});

test('with a wrong configuration it exits 2 and prints a sentence for each problem', async () => {
  const env = { DATABASE_URL: 'nonsense', CLERK_WEBHOOK_SIGNING_SECRET: 'nonsense' };
  const { exitCode, stderr } = await run([...dockerfile.entrypoint, ...dockerfile.command], env);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/CLERK_WEBHOOK_SIGNING_SECRET must be .*DATABASE_URL must be /s);
  expect(stderr).not.toContain('nonsense');
});
