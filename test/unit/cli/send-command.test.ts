import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type CliOptions, callCli as callAnyCli } from '../../support/cli.ts';
import { type Answer, type Received, useFakeService } from '../../support/fake-service.ts';
import { makeSecret } from '../../support/signed-request.ts';

const OUTCOMES = ['applied', 'stale', 'duplicate', 'ignored', 'dead_letter'] as const;

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'clerk-sync-send-'));
  onTestFinished(() => rm(directory, { recursive: true }));
});

/** Without a database, unless a test names one. */
function callCli(args: readonly string[], { env = {}, ...options }: CliOptions = {}) {
  return callAnyCli(args, { env: { DATA_DIR: directory, ...env }, ...options });
}

const settled = (outcome: string): Answer => ({ status: 200, body: { outcome, message_id: 'msg' } });

/** Message ids and times are different in each run. Their form is not. */
function mask(text: string): string {
  return text
    .replaceAll(/msg_[0-9A-Za-z]{27}/g, 'msg_…')
    .replaceAll(/(status|\d{3}) +(?:ms|[\d.]+)$/gm, '$1 <ms>')
    .replaceAll(/[\d.]+ (?=ms|s,)|[\d,]+ (?=deliveries\/s)/g, '<n> ');
}

async function writeEvents(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

describe('a sample event', () => {
  const UNSEEN = `The row can't be shown: DATABASE_URL is not set, and no embedded Postgres runs here.
To see it there:

  select * from clerk.users where id = 'user_ada';
`;

  test.each([
    { type: 'user.created', next: 'send user.updated' },
    { type: 'user.updated', next: 'send user.deleted' },
    { type: 'user.deleted', next: 'send --count 1000 --shuffle --duplicate' },
  ])(
    '$type is sent once; the answer says why no row is shown, and suggests the next command',
    async ({ type, next }) => {
      const { url, secret, received } = await useFakeService();
      const { stdout, ...run } = await callCli(['send', type, '--url', url, '--secret', secret]);
      expect({ ...run, stdout: mask(stdout) }).toEqual({
        exitCode: 0,
        stderr: '',
        stdout: `event         user      message                          outcome  status <ms>
${type}  user_ada  msg_…  applied     200 <ms>

${UNSEEN}
Next:

  clerk-sync ${next}
`,
      });
      expect(received.map(({ signed, body }) => ({ signed, type: JSON.parse(body).type }))).toEqual([
        { signed: true, type },
      ]);
    },
  );

  test('is user.created if no type is given', async () => {
    const { url, secret, received } = await useFakeService();
    await callCli(['send', '--url', url, '--secret', secret]);
    expect(received.map(({ body }) => JSON.parse(body).type)).toEqual(['user.created']);
  });

  test('of another kind says that it is ignored', async () => {
    const { url, secret } = await useFakeService(() => settled('ignored'));
    const { stdout } = await callCli(['send', 'session.created', '--url', url, '--secret', secret]);
    expect(stdout.split('\n').slice(-2)).toEqual([
      'ignored: only events about users are applied. The message is recorded in clerk.webhook_messages.',
      '',
    ]);
  });

  test('that comes too late says why, and how to continue', async () => {
    const { url, secret } = await useFakeService(() => settled('stale'));
    const { exitCode, stdout } = await callCli(['send', 'user.created', '--url', url, '--secret', secret]);
    expect({ exitCode, hint: stdout.slice(stdout.indexOf('stale: ')) }).toEqual({
      exitCode: 0,
      hint: `stale: this user was deleted, and a deletion is final. Use another seed for another user, or remove all samples:

  clerk-sync send user.created --seed 2
  clerk-sync send --clean
`,
    });
  });

  test('is sent about several users with --count', async () => {
    const { url, secret, received } = await useFakeService();
    await callCli(['send', 'user.created', '--count', '3', '--seed', '10', '--url', url, '--secret', secret]);
    const ids = new Set(received.map(({ body }) => JSON.parse(body).data.id));
    expect({ requests: received.length, users: ids.size }).toEqual({ requests: 3, users: 3 });
  });
});

describe('given events', () => {
  const FIRST = '{"type": "user.updated", "data": {"id": "user_1", "n": 9007199254740993, "__proto__": 0.10}}';
  const SECOND = '{"type":"session.ended","data":{"id":"sess_1"}}';
  const compact = (text: string) => text.replaceAll(/(?<=[:,]) /g, '');

  test.each([
    { form: 'one object', text: `${FIRST}\n`, bodies: [FIRST] },
    { form: 'one object behind a byte order mark', text: `\ufeff${FIRST}`, bodies: [FIRST] },
    { form: 'one object on several lines', text: '{\n  "data": 1\n}\n', bodies: ['{\n  "data": 1\n}'] },
    { form: 'an array', text: `[${FIRST},\n${SECOND}]`, bodies: [compact(FIRST), SECOND] },
    { form: 'one on each line', text: `${FIRST}\r\n\n${SECOND}\n`, bodies: [FIRST, SECOND] },
  ])('are sent with every digit from a file with $form', async ({ text, bodies }) => {
    const { url, secret, received } = await useFakeService();
    const file = await writeEvents('events.json', text);
    const { exitCode } = await callCli(['send', file, '--url', url, '--secret', secret, '--concurrency', '1']);
    expect({ exitCode, bodies: received.map(({ body }) => body) }).toEqual({ exitCode: 0, bodies });
    expect(new Set(received.map(({ messageId }) => messageId)).size).toBe(bodies.length);
  });

  test('are read from the standard input with -', async () => {
    const { url, secret, received } = await useFakeService();
    await callCli(['send', '-', '--url', url, '--secret', secret], { stdin: SECOND });
    expect(received.map(({ body }) => body)).toEqual([SECOND]);
  });

  test.each([
    { text: '', problem: 'FILE contains no event.' },
    { text: '[{}, 7]', problem: 'FILE: item 2 is not a JSON object.' },
    { text: '"text"', problem: 'FILE: the document is not a JSON object.' },
    { text: '{"a":1}\n{"b":', problem: 'FILE: line 2 is not JSON.' },
    { text: '{"a":1}\n[2]', problem: 'FILE: line 2 is not a JSON object.' },
  ])('are refused before anything is sent: $problem', async ({ text, problem }) => {
    const { url, secret, received } = await useFakeService();
    const file = await writeEvents('events.json', text);
    const { exitCode, stdout, stderr } = await callCli(['send', file, '--url', url, '--secret', secret]);
    expect({ exitCode, stdout, stderr: stderr.split('\n')[0]?.replace(file, 'FILE') }).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `clerk-sync: ${problem}`,
    });
    expect(received).toEqual([]);
  });

  test('that become dead letters exit 3 and name the command that shows why', async () => {
    const { url, secret } = await useFakeService(() => settled('dead_letter'));
    const { exitCode, stdout } = await callCli(['send', '-', '--url', url, '--secret', secret], {
      stdin: '{"type":"user.\\u001bx"}',
    });
    expect({ exitCode, stdout: mask(stdout) }).toEqual({
      exitCode: 3,
      stdout: `event         user  message                          outcome      status <ms>
user.\\u{1b}x  -     msg_…  dead_letter     200 <ms>

To see why:

  clerk-sync dead-letters show msg_…
`,
    });
  });
});

describe('a storm', () => {
  const STORM = ['send', '--count', '300', '--shuffle', '--duplicate', '--seed', '5'];
  const byId = ({ messageId }: Received) => Number.parseInt(messageId.slice(-6), 36);

  test('is delivered and reported in counts, with what the tables must contain', async () => {
    const { url, secret, received } = await useFakeService((delivery) =>
      settled(OUTCOMES[byId(delivery) % 3] as string),
    );
    const { stdout, ...run } = await callCli([...STORM, '--url', url, '--secret', secret]);
    expect(run).toEqual({ exitCode: 0, stderr: '' });
    const counts = OUTCOMES.slice(0, 3)
      .map((outcome, remainder) => ({
        outcome,
        count: received.filter((delivery) => byId(delivery) % 3 === remainder).length,
      }))
      .sort((left, right) => right.count - left.count);
    expect(mask(stdout)).toBe(`300 events in 402 deliveries to ${url}, seed 5

outcome    deliveries
${counts.map(({ outcome, count }) => `${outcome.padEnd(9)}  ${String(count).padStart(10)}`).join('\n')}

<n> s, <n> deliveries/s; answers in <n> ms (p50), <n> ms (p95), <n> ms (p99); 0 sent again after a failure

In any order, the tables now say: 86 live, 27 deleted, 1 banned, 88 e-mail addresses.
To check this:

select count(*) filter (where deleted_at is null) as live,
       count(deleted_at) as deleted,
       count(*) filter (where banned and deleted_at is null) as banned,
       (select count(*) from clerk.email_addresses e join clerk.users u on u.id = e.user_id
        where u.instance_id = 'ins_clerk_sync_samples_5') as email_addresses
from clerk.users where instance_id = 'ins_clerk_sync_samples_5';
`);
  });

  test('is one JSON document with --json', async () => {
    const { url, secret } = await useFakeService();
    const { stdout } = await callCli([...STORM, '--json', '--url', url, '--secret', secret]);
    expect(JSON.parse(stdout)).toEqual({
      url,
      seed: 5,
      sample: null,
      events: 300,
      planned: 402,
      deliveries: 402,
      outcomes: { applied: 402 },
      failures: [],
      retries: 0,
      seconds: expect.any(Number),
      deliveries_per_second: expect.any(Number),
      latency_ms: { p50: expect.any(Number), p95: expect.any(Number), p99: expect.any(Number) },
      results: null,
      row: null,
      row_unseen: null,
      expected: { live: 86, deleted: 27, banned: 1, email_addresses: 88, sql: expect.stringMatching(/^select count/) },
    });
  });

  test('sends some messages several times with the same body, and all in random order', async () => {
    const { url, secret, received } = await useFakeService();
    await callCli([...STORM, '--url', url, '--secret', secret, '--concurrency', '1']);
    const copies = [...Map.groupBy(received, ({ messageId }) => messageId).values()];
    expect(copies).toHaveLength(300);
    for (const [first, ...others] of copies) expect(others.every(({ body }) => body === first?.body)).toBe(true);
    const times = received.map(({ body }) => Number(JSON.parse(body).timestamp));
    const backwards = times.filter((time, place) => place > 0 && time < (times[place - 1] as number));
    expect(backwards.length).toBeGreaterThan(100);
    expect(received.every(({ signed }) => signed)).toBe(true);
  });

  test('is the same, in the same order, for the same seed', async () => {
    const runs = [await useFakeService(), await useFakeService()];
    for (const { url, secret } of runs)
      await callCli([...STORM, '--url', url, '--secret', secret, '--concurrency', '1']);
    const [first, second] = runs.map(({ received }) => received.map(({ messageId, body }) => ({ messageId, body })));
    expect(first).toEqual(second);
  });

  test('is sent in the order of its history without --shuffle', async () => {
    const { url, secret, received } = await useFakeService();
    await callCli(['send', '--count', '100', '--url', url, '--secret', secret, '--concurrency', '1']);
    const times = received.map(({ body }) => Number(JSON.parse(body).timestamp));
    expect(times).toHaveLength(100);
    expect(times).toEqual([...times].sort((left, right) => left - right));
  });

  test('does not say what the tables must contain if a delivery failed, and exits 1', async () => {
    const refusal = { status: 400, body: { error: { code: 'invalid_headers', message: 'Malformed.' } } };
    const { url, secret } = await useFakeService((_, place) => (place === 7 ? refusal : settled('applied')));
    const run = await callCli([...STORM, '--url', url, '--secret', secret]);
    expect({ ...run, stdout: mask(run.stdout) }).toEqual({
      exitCode: 1,
      stderr: '',
      stdout: `300 events in 402 deliveries to ${url}, seed 5

outcome  deliveries
applied         401
failed            1

<n> s, <n> deliveries/s; answers in <n> ms (p50), <n> ms (p95), <n> ms (p99); 0 sent again after a failure

1 × answered 400, invalid_headers: Malformed.
`,
    });
  });
});

test('a signal stops a storm, and the report says what was sent until then', async () => {
  const { url, secret, received } = await useFakeService((_, place) => {
    if (place === 30) process.emit('SIGINT');
    return settled('applied');
  });
  const args = ['send', '--count', '300', '--seed', '5', '--concurrency', '1', '--url', url, '--secret', secret];
  const run = await callCli(args);
  expect({ ...run, stdout: mask(run.stdout), sent: received.length }).toEqual({
    exitCode: 1,
    stdout: `300 events in 30 deliveries to ${url}, seed 5

outcome  deliveries
applied          30

<n> s, <n> deliveries/s; answers in <n> ms (p50), <n> ms (p95), <n> ms (p99); 0 sent again after a failure
`,
    stderr: `stopping after the deliveries that are on their way
clerk-sync: A signal stopped the command before its end.
30 of 300 deliveries were sent.
`,
    sent: 30,
  });
});

describe('a failure', () => {
  test('another secret: the run ends after one answer, and says what to do', async () => {
    const { url, secret } = await useFakeService(() => ({
      status: 401,
      body: { error: { code: 'invalid_signature', message: 'No signature fits.' } },
    }));
    const { exitCode, stdout } = await callCli([
      'send',
      '--count',
      '100',
      '--seed',
      '1',
      '--concurrency',
      '1',
      '--url',
      url,
      '--secret',
      secret,
    ]);
    expect({ exitCode, lines: stdout.split('\n').slice(7) }).toEqual({
      exitCode: 1,
      lines: [
        '1 × answered 401, invalid_signature: No signature fits.',
        '  The service uses another secret. Give that one with --secret, and check that both clocks are right.',
        '',
        '99 deliveries not sent, because the answer would be the same.',
        '',
      ],
    });
  });

  test('nothing listens: one sentence says so, and how to start the service', async () => {
    const { url, secret, close } = await useFakeService();
    await close();
    expect(await callCli(['send', 'user.created', '--url', url, '--secret', secret])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `clerk-sync: Nothing answers at ${url}: the connection failed (ECONNREFUSED).
Is the service running? Start it with \`clerk-sync serve\` in another terminal. If it has another address, give it with --url.
`,
    });
  });

  test.each([
    {
      args: ['nothing.json'],
      stderr:
        'There is no file and no sample event with the name nothing.json.\nSample events: user.created, user.updated, user.deleted, session.created, organization.created.',
    },
    { args: ['.'], stderr: "The file . can't be read (EISDIR)." },
    { args: ['-', '--count', '2'], stderr: '--count is only for sample events. A file is sent as it is.' },
    { args: ['--url', 'ftp://host'], stderr: '--url must be an http:// or https:// address.' },
    {
      args: ['--clean', 'user.created'],
      stderr:
        '--clean sends nothing: it takes no event, no --count and no --url.\nIt removes samples from the database that is configured here.',
    },
    { args: ['--secret', 'whsec_!'], stderr: '--secret must be whsec_ followed by base64.' },
  ])('usage: $args', async ({ args, stderr }) => {
    expect(await callCli(['send', '--secret', makeSecret(), '--url', 'http://127.0.0.1:9', ...args])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `clerk-sync: ${stderr}\n`,
    });
  });
});

describe('the address and the secret', () => {
  test('are those of the configured service; of several secrets the first one', async () => {
    const { port, secret, received } = await useFakeService();
    const env = { PORT: String(port), CLERK_WEBHOOK_SIGNING_SECRET: `${secret} ${makeSecret()}`, DATA_DIR: directory };
    expect((await callCli(['send', '--json'], { env })).exitCode).toBe(0);
    expect(received.map(({ path, signed }) => ({ path, signed }))).toEqual([{ path: '/webhooks/clerk', signed: true }]);
  });

  test('are those that a service without configuration has made', async () => {
    const { port, secret, received } = await useFakeService();
    await writeFile(join(directory, 'webhook-secret'), `${secret}\n`);
    await callCli(['send'], { env: { PORT: String(port), DATA_DIR: directory } });
    expect(received.map(({ signed }) => signed)).toEqual([true]);
  });

  test('a URL without a path gets the path of the service; any other stays as it is', async () => {
    const { port, secret, received } = await useFakeService();
    for (const path of ['', '/', '/hooks?tenant=1']) {
      await callCli(['send', '--url', `http://127.0.0.1:${port}${path}`, '--secret', secret]);
    }
    expect(received.map(({ path }) => path)).toEqual(['/webhooks/clerk', '/webhooks/clerk', '/hooks?tenant=1']);
  });

  test('without a secret it exits 2 and says where to get one', async () => {
    expect(await callCli(['send'], { env: { DATA_DIR: directory } })).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `clerk-sync: There is no secret to sign with.
Start the service once with \`clerk-sync serve\`, which makes ${directory}/webhook-secret. Or set CLERK_WEBHOOK_SIGNING_SECRET, or give --secret.
`,
    });
  });
});
