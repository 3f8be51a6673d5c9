import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import { collect, parseInteger, parseRate, parseTime } from '../../../src/cli/program/parse-argument.ts';
import { version } from '../../../src/version.ts';
import { callCli } from '../../support/cli.ts';

const HELP_HINT = 'Add --help to see all commands, arguments and options.\n';

describe('a usage error exits 2 and says what was expected', () => {
  test.each([
    { args: ['sned'], stderr: "clerk-sync: Unknown command 'sned'. Did you mean send?\n" },
    { args: ['dead-letters', 'lsit'], stderr: "clerk-sync: Unknown command 'lsit'. Did you mean list?\n" },
    { args: ['send', '--secrt', 'x'], stderr: "clerk-sync: Unknown option '--secrt'. Did you mean --secret?\n" },
    {
      args: ['send', 'a', 'b'],
      stderr: "clerk-sync: Too many arguments for 'send'. Expected 1 argument but got 2: a, b.\n",
    },
    {
      args: ['send', '--count', '0'],
      stderr: "clerk-sync: Option '--count <n>' argument '0' is invalid. Give a whole number from 1 to 10000000.\n",
    },
    { args: ['dead-letters', 'show'], stderr: "clerk-sync: Missing required argument 'message-id'.\n" },
    {
      args: ['dead-letters', 'discard', 'msg_1'],
      stderr: "clerk-sync: Required option '--note <text>' not specified.\n",
    },
    {
      args: ['dead-letters', 'list', '--state', 'closed'],
      stderr:
        "clerk-sync: Option '--state <state>' argument 'closed' is invalid. Give one of open, queued, replayed, discarded.\n",
    },
    {
      args: ['dead-letters', 'list', '--state', 'discared'],
      stderr:
        "clerk-sync: Option '--state <state>' argument 'discared' is invalid. Give one of open, queued, replayed, discarded. Did you mean discarded?\n",
    },
    {
      args: ['dead-letters', 'list', '--type', ','],
      stderr: "clerk-sync: Option '--type <type>' argument ',' is invalid. Give at least one value.\n",
    },
    {
      args: ['dead-letters', 'discard', 'msg_1', '--note', ' '],
      stderr: "clerk-sync: Option '--note <text>' argument ' ' is invalid. Give a text that is not empty.\n",
    },
    {
      args: ['users', 'jane@example.com'],
      stderr: "clerk-sync: Unknown command 'jane@example.com'.\n",
    },
    { args: ['users', 'fnd', 'ada'], stderr: "clerk-sync: Unknown command 'fnd'. Did you mean find?\n" },
    {
      args: ['reconcile', 'aknowledge', 'absent', 'user_1'],
      stderr: "clerk-sync: Unknown command 'aknowledge'. Did you mean acknowledge?\n",
    },
    {
      args: ['backfill', '--dry-run', '--restart'],
      stderr: "clerk-sync: Option '--dry-run' cannot be used with option '--restart'.\n",
    },
    { args: ['users', 'find'], stderr: "clerk-sync: Missing required argument 'who'.\n" },
    {
      args: ['dead-letters', 'list', '--since', 'yesterday'],
      stderr:
        "clerk-sync: Option '--since <time>' argument 'yesterday' is invalid. Give a time like 2026-01-31, 2026-01-31T12:00:00Z, 24h or 7d.\n",
    },
  ])('$args', async ({ args, stderr }) => {
    expect(await callCli(args)).toEqual({ exitCode: 2, stdout: '', stderr: stderr + HELP_HINT });
  });

  test.each([
    {
      args: ['replay'],
      stderr:
        'It is not clear which dead letters are meant. Give their ids, a filter such as --reason, or --all.\nWith --dry-run, the dead letters are shown and nothing is changed.',
    },
    {
      args: ['discard', '--note', 'why', '--limit', '5'],
      stderr:
        'It is not clear which dead letters are meant. Give their ids, a filter such as --reason, or --all.\nWith --dry-run, the dead letters are shown and nothing is changed.',
    },
    { args: ['replay', 'msg_1', '--all'], stderr: 'Give either ids or --all, not both.' },
  ])('dead-letters $args', async ({ args, stderr }) => {
    expect(await callCli(['dead-letters', ...args])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `clerk-sync: ${stderr}\n`,
    });
  });

  test('without a command, the help is printed as an error', async () => {
    const { exitCode, stdout, stderr } = await callCli([]);
    expect({ exitCode, stdout, firstLine: stderr.split('\n')[0] }).toEqual({
      exitCode: 2,
      stdout: '',
      firstLine: 'Usage: clerk-sync [options] [command]',
    });
  });

  test('an invalid configuration: every problem is printed, and no value', async () => {
    const env = { PORT: 'eighty', DATABASE_URL: 'mysql://secret@host/db' };
    const runs = await Promise.all(
      [['send'], ['migrate'], ['dead-letters', 'list']].map((args) => callCli(args, { env })),
    );
    for (const run of runs) {
      expect(run).toEqual({
        exitCode: 2,
        stdout: '',
        stderr: expect.stringMatching(
          /^clerk-sync: The configuration is not valid:\n(?: {2}- .*\n){2,3}The file \.env\.example/,
        ),
      });
      expect(run.stderr).not.toMatch(/eighty|secret@/);
    }
  });
});

describe('help and version go to stdout and exit 0', () => {
  test.each([['--version'], ['-V']])('%s', async (flag) => {
    expect(await callCli([flag])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.each([
    { args: ['--help'], usage: 'clerk-sync [options] [command]' },
    { args: ['help'], usage: 'clerk-sync [options] [command]' },
    { args: ['serve', '--help'], usage: 'clerk-sync serve [options]' },
    { args: ['migrate', '--help'], usage: 'clerk-sync migrate [options]' },
    { args: ['send', '--help'], usage: 'clerk-sync send [options] [file|type]' },
    { args: ['users', '--help'], usage: 'clerk-sync users [options] [command]' },
    { args: ['users', 'find', '--help'], usage: 'clerk-sync users find|show [options] <who>' },
    { args: ['dead-letters', 'summary', '--help'], usage: 'clerk-sync dead-letters summary [options]' },
    { args: ['dead-letters', 'list', '--help'], usage: 'clerk-sync dead-letters list [options]' },
    { args: ['dead-letters', 'edit', '--help'], usage: 'clerk-sync dead-letters edit [options] <message-id>' },
    { args: ['dead-letters', 'show', '--help'], usage: 'clerk-sync dead-letters show [options] <message-id>' },
    { args: ['dead-letters', 'replay', '--help'], usage: 'clerk-sync dead-letters replay [options] [message-ids...]' },
    {
      args: ['dead-letters', 'discard', '--help'],
      usage: 'clerk-sync dead-letters discard [options] [message-ids...]',
    },
    { args: ['backfill', '--help'], usage: 'clerk-sync backfill [options]' },
    { args: ['reconcile', '--help'], usage: 'clerk-sync reconcile [options] [command]' },
    { args: ['sync-user', '--help'], usage: 'clerk-sync sync-user [options] <user-ids...>' },
    { args: ['update-user', '--help'], usage: 'clerk-sync update-user [options] <user-id>' },
    { args: ['updates', 'list', '--help'], usage: 'clerk-sync updates list [options]' },
    { args: ['updates', 'show', '--help'], usage: 'clerk-sync updates show [options] <id>' },
    { args: ['updates', 'retry', '--help'], usage: 'clerk-sync updates retry [options] [ids...]' },
    { args: ['updates', 'cancel', '--help'], usage: 'clerk-sync updates cancel [options] [ids...]' },
    { args: ['forget-messages', '--help'], usage: 'clerk-sync forget-messages [options] [message-ids...]' },
    { args: ['doctor', '--help'], usage: 'clerk-sync doctor [options]' },
    { args: ['remove-instance', '--help'], usage: 'clerk-sync remove-instance [options] <instance-id>' },
  ])('$args', async ({ args, usage }) => {
    const { exitCode, stdout, stderr } = await callCli(args);
    expect({ exitCode, stderr, usage: stdout.split('\n')[0] }).toEqual({
      exitCode: 0,
      stderr: '',
      usage: `Usage: ${usage}`,
    });
  });

  test('the help marks only options that are required', async () => {
    const { stdout } = await callCli(['dead-letters', 'discard', '--help']);
    expect(stdout.match(/^.*\(required\)$/gm)).toEqual([
      '  --note <text>      the reason; it is stored with them (required)',
    ]);
  });

  test('the main help names every command and the exit codes, and its examples can be typed here', async () => {
    const { stdout } = await callCli(['--help']);
    expect([...stdout.matchAll(/^ {2}([a-z-]+) /gm)].map(([, command]) => command)).toEqual([
      ...['serve', 'migrate', 'send', 'users', 'dead-letters', 'backfill', 'reconcile', 'sync-user'],
      ...['update-user', 'updates', 'forget-messages', 'erase-user', 'prune', 'doctor', 'remove-instance', 'help'],
      ...['clerk-sync', 'clerk-sync', 'clerk-sync', 'clerk-sync'],
    ]);
    expect(stdout).toContain(
      'Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 done but something is left over.',
    );
  });
});

describe('a time', () => {
  const NOW = new Date('2026-03-10T12:00:00Z');

  test.each([
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2026-01-31T08:30', '2026-01-31T08:30:00.000Z'],
    ['2026-01-31T08:30:15.250', '2026-01-31T08:30:15.250Z'],
    ['2026-01-31T08:30:15Z', '2026-01-31T08:30:15.000Z'],
    ['2026-01-31T08:30:15+02:00', '2026-01-31T06:30:15.000Z'],
    ['90s', '2026-03-10T11:58:30.000Z'],
    ['30m', '2026-03-10T11:30:00.000Z'],
    ['24h', '2026-03-09T12:00:00.000Z'],
    ['7d', '2026-03-03T12:00:00.000Z'],
    ['2w', '2026-02-24T12:00:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(parseTime(text, NOW).toISOString()).toBe(expected);
  });

  test.each(['', '7', '-7d', '7 d', '1.5h', '2026', '31.01.2026', '2026-13-01', '2026-01-31 08:30', '9999999d'])(
    'is not %j',
    (text) => {
      expect(() => parseTime(text, NOW)).toThrow(InvalidArgumentError);
    },
  );
});

describe('a number', () => {
  test('is whole and between its limits', () => {
    const parse = parseInteger(1, 100);
    expect(['1', '42', '100'].map(parse)).toEqual([1, 42, 100]);
    for (const text of ['0', '101', '-1', '1.5', '1e2', ' 1', ''])
      expect(() => parse(text), text).toThrow(InvalidArgumentError);
  });

  test('of a rate can have decimals and is above zero', () => {
    expect(['5', '0.5', '0.125'].map(parseRate)).toEqual([5, 0.5, 0.125]);
    for (const text of ['0', '0.0', '-1', '1e3', 'fast', ''])
      expect(() => parseRate(text), text).toThrow(InvalidArgumentError);
  });
});

test('a list is collected from repeated options and from commas, without the spaces around', () => {
  expect(['a, b', ' c ', ',d, ,'].reduce<string[]>((collected, text) => collect(text, collected), [])).toEqual([
    'a',
    'b',
    'c',
    'd',
  ]);
});
