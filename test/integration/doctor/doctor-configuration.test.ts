import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runDoctorCommand, useDoctorScene } from '../../support/doctor-scene.ts';
import { makeDataDir, start } from '../../support/embedded-data-dir.ts';
import { makeSecret } from '../../support/signed-request.ts';

const ADVICE = 'Correct it where the service gets its environment. .env.example has every variable and its meaning.';
const START = 'Start the service with `npm start`, or set DATABASE_URL. Then run this again.';

test('finds every wrong variable, and makes all other checks', async () => {
  const { diagnose } = await useDoctorScene();
  const { exitCode, troubled, findAll } = await diagnose({
    CLERK_WEBHOOK_SIGNING_SECRET: 'whsec_tooShort',
    PORT: 'three thousand',
  });
  expect({ exitCode, troubled, checks: findAll('CLERK_WEBHOOK_SIGNING_SECRET', 'PORT') }).toEqual({
    exitCode: 1,
    troubled: ['CLERK_WEBHOOK_SIGNING_SECRET: failed', 'PORT: failed'],
    checks: [
      {
        name: 'CLERK_WEBHOOK_SIGNING_SECRET',
        status: 'failed',
        finding:
          'CLERK_WEBHOOK_SIGNING_SECRET must be whsec_ followed by the base64 of at least 24 bytes, or several of these separated by commas or white space; number 1 is not.',
        advice: ADVICE,
      },
      { name: 'PORT', status: 'failed', finding: 'PORT must be a whole number from 0 to 65535.', advice: ADVICE },
    ],
  });
});

test('finds a secret under an old name', async () => {
  const { diagnose } = await useDoctorScene();
  const { exitCode, find } = await diagnose({ CLERK_WEBHOOK_SIGNING_SECRET: '', WEBHOOK_SECRET: makeSecret() });
  expect({ exitCode, check: find('WEBHOOK_SECRET') }).toEqual({
    exitCode: 1,
    check: {
      name: 'WEBHOOK_SECRET',
      status: 'failed',
      finding: 'WEBHOOK_SECRET is not read: rename it to CLERK_WEBHOOK_SIGNING_SECRET.',
      advice: ADVICE,
    },
  });
});

test('looks at no other database if DATABASE_URL is wrong, and does not ask Clerk if the key is wrong', async () => {
  const dataDir = await useDirectory();
  const { exitCode, findAll } = await runDoctorCommand({
    DATA_DIR: dataDir,
    DATABASE_URL: 'mysql://some@where',
    CLERK_SECRET_KEY: 'pk_live_publishable',
    CLERK_WEBHOOK_SIGNING_SECRET: makeSecret(),
  });
  expect({ exitCode, checks: findAll('connection', 'migrations', 'secret key', 'instance') }).toEqual({
    exitCode: 1,
    checks: [
      { name: 'connection', status: 'skipped', finding: 'DATABASE_URL is not valid: see configuration.' },
      { name: 'migrations', status: 'skipped', finding: 'There is no connection to the database.' },
      { name: 'secret key', status: 'skipped', finding: 'CLERK_SECRET_KEY is not valid: see configuration.' },
      { name: 'instance', status: 'skipped', finding: "Clerk can't be asked: see secret key." },
    ],
  });
});

test('accepts several secrets, as during a rotation', async () => {
  const { diagnose } = await useDoctorScene();
  const { find } = await diagnose({ CLERK_WEBHOOK_SIGNING_SECRET: `${makeSecret()}, ${makeSecret()}` });
  expect(find('signing secret')).toEqual({
    name: 'signing secret',
    status: 'ok',
    finding: '2 secrets, each of the right form. A delivery that is signed with any of them is accepted.',
  });
});

async function useDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-doctor-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

describe('without DATABASE_URL', () => {
  test('says that there is no database, and makes none', async () => {
    const dataDir = await useDirectory();
    const { exitCode, find } = await runDoctorCommand({ DATA_DIR: dataDir });
    expect({ exitCode, check: find('connection'), files: await readdir(dataDir) }).toEqual({
      exitCode: 1,
      check: {
        name: 'connection',
        status: 'failed',
        finding: `There is no database yet: DATABASE_URL is not set, and ${dataDir} has none.`,
        advice: START,
      },
      files: [],
    });
  });

  test('says that the embedded database does not run, and does not start it', async () => {
    const dataDir = await useDirectory();
    await mkdir(join(dataDir, 'postgres'));
    const { exitCode, find } = await runDoctorCommand({ DATA_DIR: dataDir });
    expect({ exitCode, check: find('connection'), files: await readdir(join(dataDir, 'postgres')) }).toEqual({
      exitCode: 1,
      check: {
        name: 'connection',
        status: 'failed',
        finding: `The embedded database in ${join(dataDir, 'postgres')} is not running.`,
        advice: START,
      },
      files: [],
    });
  });

  test('looks at the embedded database if it runs, and leaves it running', async () => {
    const dataDir = await makeDataDir();
    const embedded = await start(dataDir);
    onTestFinished(() => embedded.stop());
    const first = await runDoctorCommand({ DATA_DIR: dataDir });
    const second = await runDoctorCommand({ DATA_DIR: dataDir });
    expect([first, second].map(({ find }) => find('connection'))).toEqual(
      [1, 2].map(() => ({
        name: 'connection',
        status: 'ok',
        finding: `The database embedded in ${join(dataDir, 'postgres')} answers.`,
      })),
    );
  });

  test('finds a kept secret that others can read, and a file that holds no secret', async () => {
    const dataDir = await useDirectory();
    const path = join(dataDir, 'webhook-secret');
    await writeFile(path, `whsec_${Buffer.alloc(32, 1).toString('base64')}\n`);
    await chmod(path, 0o644);
    const exposed = await runDoctorCommand({ DATA_DIR: dataDir });
    await writeFile(path, 'no secret');
    const unusable = await runDoctorCommand({ DATA_DIR: dataDir });
    expect([exposed, unusable].map(({ find }) => find('signing secret'))).toEqual([
      {
        name: 'signing secret',
        status: 'failed',
        finding: `Other users of this machine can read ${path}.`,
        advice: `Delete it and restart the service, which makes a new one. Or: chmod 600 ${path}`,
      },
      {
        name: 'signing secret',
        status: 'failed',
        finding: `The file ${path} does not hold a webhook secret.`,
        advice: 'Delete it: the next start makes a new one.',
      },
    ]);
  });
});
