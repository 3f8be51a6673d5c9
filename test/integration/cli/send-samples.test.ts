import { expect, test } from 'vitest';
import { callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { useFakeService } from '../../support/fake-service.ts';
import { insertInstance } from '../../support/instance-rows.ts';

// Where `send` asks before it sends samples. The service is a fake one: whether it is the database's, `send` can't know.

const REAL = 'The database that is configured here has real users: 1 user of ins_own.';
const FAR = "The database of http://service.invalid:3000 can't be seen from here. It may have real users.";

interface Case {
  readonly title: string;
  readonly args: readonly string[];
  /** A real user in the database that is configured here. */
  readonly real?: boolean;
  readonly answer?: boolean;
  readonly stdin?: string;
  /** Deliveries that arrived. */
  readonly sent: number;
  readonly exitCode: number;
  readonly stderr: string;
}

const refusal = (why: string) => `clerk-sync: ${why}
Nothing was sent. With --yes the samples are sent anyway. \`clerk-sync send --clean\` removes samples from the database that is configured where you run it.
`;
const question = (why: string) => `${why} Send samples anyway?\n`;
const SENT = { sent: 1, exitCode: 0, stderr: '' };
const EVENT = '{"type": "user.updated", "data": {"id": "user_1"}}';

test.each<Case>([
  { title: 'a sample goes where nobody is', args: ['user.created'], ...SENT },
  {
    title: 'a sample does not go where real users are',
    args: ['user.created'],
    real: true,
    sent: 0,
    exitCode: 2,
    stderr: refusal(REAL),
  },
  { title: 'nor a deletion', args: ['user.deleted'], real: true, sent: 0, exitCode: 2, stderr: refusal(REAL) },
  { title: 'nor a storm', args: ['--count', '5'], real: true, sent: 0, exitCode: 2, stderr: refusal(REAL) },
  { title: '--yes sends it', args: ['user.created', '--yes'], real: true, ...SENT },
  {
    title: 'yes at a terminal sends it',
    args: ['user.created'],
    real: true,
    answer: true,
    ...SENT,
    stderr: question(REAL),
  },
  {
    title: 'no at a terminal does not',
    args: [],
    real: true,
    answer: false,
    sent: 0,
    exitCode: 1,
    stderr: `${question(REAL)}clerk-sync: Nothing was sent.\n`,
  },
  { title: 'a given event is no sample', args: ['-'], real: true, stdin: EVENT, ...SENT },
  {
    title: 'a service elsewhere is always asked for',
    args: ['--url', 'http://service.invalid:3000'],
    sent: 0,
    exitCode: 2,
    stderr: refusal(FAR),
  },
  {
    title: 'and what is here is told',
    args: ['--url', 'http://service.invalid:3000'],
    real: true,
    sent: 0,
    exitCode: 2,
    stderr: refusal(`${FAR} The database that is configured here has some: 1 user of ins_own.`),
  },
])('$title', async ({ args, real = false, title: _title, answer, stdin = '', ...expected }) => {
  const { sql, url } = await useTestDatabase();
  const service = await useFakeService();
  if (real) await insertInstance(sql, 'own');
  const env = { DATABASE_URL: url, PORT: String(service.port), CLERK_WEBHOOK_SIGNING_SECRET: service.secret };
  const { exitCode, stderr } = await callCli(['send', ...args], {
    env,
    stdin,
    ...(answer !== undefined && { answer }),
  });
  expect({ sent: service.received.length, exitCode, stderr }).toEqual(expected);
});

test('says so if the service writes to another database than the configured one', async () => {
  const { url, sql } = await useTestDatabase();
  await insertInstance(sql, 'sample');
  const service = await useFakeService();
  const env = { DATABASE_URL: url, PORT: String(service.port), CLERK_WEBHOOK_SIGNING_SECRET: service.secret };
  const { stdout } = await callCli(['send', 'user.created'], { env });
  expect(stdout).toContain(
    "The row can't be shown: The service writes to another database than the one that is configured here.\n",
  );
});

test('sends although the configured database does not answer, and says so', async () => {
  const service = await useFakeService();
  const env = {
    ...{ DATABASE_URL: 'postgres://clerk@127.0.0.1:1/app', PORT: String(service.port) },
    CLERK_WEBHOOK_SIGNING_SECRET: service.secret,
  };
  const { exitCode, stdout } = await callCli(['send', 'user.created', '--json'], { env });
  expect({ exitCode, ...JSON.parse(stdout) }).toMatchObject({
    ...{ exitCode: 0, outcomes: { applied: 1 }, row: null },
    row_unseen: expect.stringContaining("The database can't be reached"),
  });
});
