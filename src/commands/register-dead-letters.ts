import { type Command, InvalidArgumentError, Option } from 'commander';
import { collect, parseInteger, parseRate, parseTime } from './parse-argument.ts';
import type { Registration } from './registration.ts';

const STATES = ['open', 'replayed', 'discarded'];
const ORIGINS = ['webhook', 'backfill', 'reconcile', 'sync-user'];
const MAX_LIMIT = 1_000_000;

/** Declares `dead-letters list|show|replay|discard` and hands their options on. */
export function registerDeadLetters({ program, context, finish }: Registration): void {
  const group = program.command('dead-letters').description('look at what could not be applied, and settle it');

  withFilters(group.command('list'))
    .description('list dead letters, oldest first; open ones unless --state says otherwise')
    .addOption(limitOption().default(50))
    .option('--json', 'print one JSON document')
    .action(async (options) => {
      const { listDeadLetters } = await import('./dead-letters/list-dead-letters.ts');
      finish(await listDeadLetters(options, context));
    });

  group
    .command('show')
    .description('tell why one was not applied, and what to do; prints its body, which is personal data')
    .argument('<message-id>')
    .option('--json', 'print one JSON document')
    .action(async (id: string, options) => {
      const { showDeadLetter } = await import('./dead-letters/show-dead-letter.ts');
      finish(await showDeadLetter(id, options, context));
    });

  withSelection(group.command('replay'))
    .description('apply dead letters again, here; what still fails stays open')
    .addHelpText(
      'after',
      examples(context.invocation, 'replay', ['--all', '--reason invalid_shape --since 7d', 'msg_… --dry-run']),
    )
    .action(async (ids: string[], options) => {
      const { replayDeadLetters } = await import('./dead-letters/replay-dead-letters.ts');
      finish(await replayDeadLetters(ids, options, context));
    });

  withSelection(group.command('discard'))
    .description('close dead letters that will never be applied')
    .requiredOption('--note <text>', 'why; it is kept with them')
    .addHelpText(
      'after',
      examples(context.invocation, 'discard', ['msg_… --note "a test event"', '--all --until 30d --note "too old"']),
    )
    .action(async (ids: string[], options) => {
      const { discardDeadLetters } = await import('./dead-letters/discard-dead-letters.ts');
      finish(await discardDeadLetters(ids, options, context));
    });
}

/** Options that narrow down; those that may be repeated match any of the values given. */
function withFilters(command: Command): Command {
  return command
    .addOption(
      new Option('--origin <origin>', `only those from here: ${ORIGINS.join(', ')}; may be repeated`).argParser(
        collectAmong(ORIGINS),
      ),
    )
    .option('--type <type>', 'only events of this type; may be repeated', collect)
    .option('--reason <code>', 'only those with this reason; may be repeated', collect)
    .option('--user <id>', 'only those about this user; may be repeated', collect)
    .option('--since <time>', 'only those that first failed at or after: 2026-01-31, 24h, 7d', (text) =>
      parseTime(text),
    )
    .option('--until <time>', 'only those that first failed before', (text) => parseTime(text))
    .addOption(
      new Option(
        '--state <state>',
        `only those in this state: ${STATES.join(', ')}; may be repeated (default: open)`,
      ).argParser(collectAmong(STATES)),
    );
}

function withSelection(command: Command): Command {
  return withFilters(command.argument('[message-ids...]', 'which; or --all, or a filter'))
    .option('--all', 'all that are open')
    .addOption(limitOption())
    .option('--rate <n>', 'so many a second at the most', parseRate)
    .option('--dry-run', 'show which, and change nothing')
    .option('--json', 'print one JSON document');
}

function limitOption(): Option {
  return new Option('--limit <n>', 'so many at the most, the oldest').argParser(parseInteger(1, MAX_LIMIT));
}

function collectAmong(choices: readonly string[]) {
  return function collectChoice(text: string, collected?: string[]): string[] {
    const values = collect(text, collected);
    if (values.some((value) => !choices.includes(value))) {
      throw new InvalidArgumentError(`Give one of ${choices.join(', ')}.`);
    }
    return values;
  };
}

function examples(invocation: string, command: string, lines: string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  ${invocation} dead-letters ${command} ${line}`)].join('\n');
}
