import { type Command, Option } from 'commander';
import { collect, collectAmong, parseInteger, parseRate, parseText, parseTime } from '../parse-argument.ts';
import type { Registration } from '../registration.ts';

const STATES = ['open', 'replayed', 'discarded'];
const ORIGINS = ['webhook', 'backfill', 'reconcile', 'sync-user'];
const MAX_LIMIT = 1_000_000;

/** Declares `dead-letters summary|list|show|edit|replay|discard` and hands their options on. */
export function registerDeadLetters({ program, context, finish }: Registration): void {
  const group = program.command('dead-letters').description('look at what could not be applied, and settle it');
  registerReaders({ program: group, context, finish });
  registerEdit({ program: group, context, finish });

  withSelection(group.command('replay'))
    .description('apply dead letters again, here; what fails again stays open')
    .addHelpText(
      'after',
      examples(context.invocation, 'replay', ['--all', '--path data.banned --since 7d', 'msg_… --dry-run']),
    )
    .action(async (ids: string[], options) => {
      const { replayDeadLetters } = await import('./replay-dead-letters.ts');
      finish(await replayDeadLetters(ids, options, context));
    });

  withSelection(group.command('discard'))
    .description('close dead letters that will never be applied')
    .requiredOption('--note <text>', 'why; it is kept with them', parseText)
    .addHelpText(
      'after',
      examples(context.invocation, 'discard', ['msg_… --note "a test event"', '--all --until 30d --note "too old"']),
    )
    .action(async (ids: string[], options) => {
      const { discardDeadLetters } = await import('./discard-dead-letters.ts');
      finish(await discardDeadLetters(ids, options, context));
    });
}

function registerReaders({ program: group, context, finish }: Registration): void {
  withFilters(group.command('summary'))
    .description('count dead letters by cause: reason and path, with an example of each')
    .option('--json', 'print one JSON document')
    .action(async (options) => {
      const { printSummary } = await import('./print-summary.ts');
      finish(await printSummary(options, context));
    });

  withFilters(group.command('list'))
    .description('list dead letters, oldest first; a narrow terminal shows fewer columns')
    .addOption(limitOption().default(50))
    .option('--json', 'print one JSON document')
    .action(async (options) => {
      const { listDeadLetters } = await import('./list-dead-letters.ts');
      finish(await listDeadLetters(options, context));
    });

  group
    .command('show')
    .description('tell why one was not applied, and what to do; prints its body, which is personal data')
    .argument('<message-id>', 'which, as `list` shows it')
    .option('--json', 'print one JSON document')
    .action(async (id: string, options) => {
      const { showDeadLetter } = await import('./show-dead-letter.ts');
      finish(await showDeadLetter(id, options, context));
    });
}

function registerEdit({ program: group, context, finish }: Registration): void {
  group
    .command('edit')
    .description('correct the body of an open one; the body as it came is kept beside it')
    .argument('<message-id>', 'which, as `list` shows it')
    .option(
      '--body <file>',
      'take the new body from this file, - for the standard input (default: $VISUAL or $EDITOR opens)',
    )
    .option('--replay', 'replay it at once')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Shows which places have changed, without their values.
Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 replayed and failed again.
${examples(context.invocation, 'edit', ['msg_… --replay', 'msg_… --body corrected.json'])}`,
    )
    .action(async (id: string, options) => {
      const { editBody } = await import('./edit-body.ts');
      finish(await editBody(id, options, context));
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
    .option(
      '--path <path>',
      'only those that failed here, as `summary` shows it, - for nowhere; may be repeated',
      collect,
    )
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
    .option('--rate <n>', 'up to this many a second', parseRate)
    .option('--dry-run', 'show which, and change nothing')
    .option('--verbose', 'print a line for each, and not only counts by cause')
    .option('--json', 'print one JSON document');
}

function limitOption(): Option {
  return new Option('--limit <n>', 'up to this many, the oldest first').argParser(parseInteger(1, MAX_LIMIT));
}

function examples(invocation: string, command: string, lines: string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  ${invocation} dead-letters ${command} ${line}`)].join('\n');
}
