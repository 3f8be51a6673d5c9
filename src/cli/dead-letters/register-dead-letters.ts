import { type Command, Option } from 'commander';
import { letterStates, origins, unresolvedLetterStates } from '../../../drizzle/schema/codes.ts';
import { collect, collectAmong, parseInteger, parseRate, parseText, parseTime } from '../parse-argument.ts';
import type { Registration } from '../registration.ts';

const MAX_LIMIT = 1_000_000;

/** Declares `dead-letters summary|list|show|edit|replay|discard` and passes their options on. */
export function registerDeadLetters({ program, context, finish }: Registration): void {
  const group = program
    .command('dead-letters')
    .description('look at events that could not be applied; replay, edit or discard them');
  registerReaders({ program: group, context, finish });
  registerEdit({ program: group, context, finish });

  withSelection(group.command('replay'))
    .description('apply dead letters again; those that fail again stay open')
    .addHelpText('after', examples('replay', ['--all', '--path data.banned --since 7d', 'msg_… --dry-run']))
    .action(async (ids: string[], options) => {
      const { replayDeadLetters } = await import('./replay-dead-letters.ts');
      finish(await replayDeadLetters(ids, options, context));
    });

  withSelection(group.command('discard'))
    .description('close dead letters that will never be applied; with --all it asks first')
    .requiredOption('--note <text>', 'the reason; it is stored with them', parseText)
    .option('--yes', 'with --all: discard without a question')
    .addHelpText('after', examples('discard', ['msg_… --note "a test event"', '--all --until 30d --note "too old"']))
    .action(async (ids: string[], options) => {
      const { discardDeadLetters } = await import('./discard-dead-letters.ts');
      finish(await discardDeadLetters(ids, options, context));
    });
}

function registerReaders({ program: group, context, finish }: Registration): void {
  withFilters(group.command('summary'))
    .description('count dead letters by cause (reason and path), with an example of each')
    .option('--json', 'print one JSON document')
    .action(async (options) => {
      const { printSummary } = await import('./print-summary.ts');
      finish(await printSummary(options, context));
    });

  withFilters(group.command('list'))
    .description('list dead letters, the oldest first; a narrow terminal shows fewer columns')
    .addOption(limitOption().default(50))
    .option('--json', 'print one JSON document')
    .action(async (options) => {
      const { listDeadLetters } = await import('./list-dead-letters.ts');
      finish(await listDeadLetters(options, context));
    });

  group
    .command('show')
    .description('explain why one was not applied, and what to do; prints its body, which is personal data')
    .argument('<message-id>', 'its id, as `dead-letters list` shows it')
    .option('--json', 'print one JSON document')
    .action(async (id: string, options) => {
      const { showDeadLetter } = await import('./show-dead-letter.ts');
      finish(await showDeadLetter(id, options, context));
    });
}

function registerEdit({ program: group, context, finish }: Registration): void {
  group
    .command('edit')
    .description('correct the body of an open dead letter; the original body is kept')
    .argument('<message-id>', 'its id, as `dead-letters list` shows it')
    .option(
      '--body <file>',
      'read the new body from this file, or from the standard input with - (default: open $VISUAL or $EDITOR)',
    )
    .option('--replay', 'replay it at once')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Shows which places were changed, without their values.
Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 replayed and failed again.
${examples('edit', ['msg_… --replay', 'msg_… --body corrected.json'])}`,
    )
    .action(async (id: string, options) => {
      const { editBody } = await import('./edit-body.ts');
      finish(await editBody(id, options, context));
    });
}

/** Options that select letters. An option that is repeated matches any of its values. */
function withFilters(command: Command): Command {
  return command
    .addOption(
      new Option('--origin <origin>', `only letters of this origin: ${origins.join(', ')}; can be repeated`).argParser(
        collectAmong(origins),
      ),
    )
    .option('--type <type>', 'only events of this type; can be repeated', collect)
    .option('--reason <code>', 'only letters with this reason; can be repeated', collect)
    .option(
      '--path <path>',
      'only letters with this path, as `dead-letters summary` shows it; - means no path; can be repeated',
      collect,
    )
    .option('--user <id>', 'only letters about this user; can be repeated', collect)
    .option(
      '--since <time>',
      'only letters that first failed at this time or later: 2026-01-31, or 24h, 7d ago',
      (text) => parseTime(text),
    )
    .option('--until <time>', 'only letters that first failed before this time', (text) => parseTime(text))
    .addOption(
      new Option(
        '--state <state>',
        `only letters in this state: ${letterStates.join(', ')}; can be repeated (default: ${unresolvedLetterStates.join(' and ')})`,
      ).argParser(collectAmong(letterStates)),
    );
}

function withSelection(command: Command): Command {
  return withFilters(command.argument('[message-ids...]', 'the dead letters; or use --all or a filter'))
    .option('--all', 'all dead letters that are open or queued')
    .addOption(limitOption())
    .option('--rate <n>', 'up to this many in a second', parseRate)
    .option('--dry-run', 'show the dead letters, and change nothing')
    .option('--verbose', 'print a line for each dead letter, not only counts by cause')
    .option('--json', 'print one JSON document');
}

function limitOption(): Option {
  return new Option('--limit <n>', 'up to this many, the oldest first').argParser(parseInteger(1, MAX_LIMIT));
}

function examples(command: string, lines: string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  clerk-sync dead-letters ${command} ${line}`)].join('\n');
}
