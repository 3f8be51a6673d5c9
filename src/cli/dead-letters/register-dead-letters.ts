import type { Command } from 'commander';
import { letterStates, origins, unresolvedLetterStates } from '../../../drizzle/schema/codes.ts';
import { collect, parseRate, parseText } from '../program/parse-argument.ts';
import type { Registration } from '../program/registration.ts';
import { choiceOption, formatExamples, limitOption, withChanges, withPeriod } from '../program/selection-options.ts';

/** Declares `dead-letters summary|list|show|edit|replay|discard` and passes their options on. */
export function registerDeadLetters({ program, context, run }: Registration): void {
  const group = program
    .command('dead-letters')
    .description('look at events that could not be applied; replay, edit or discard them');
  registerReaders({ program: group, context, run });
  registerEdit({ program: group, context, run });

  withSelection(group.command('replay'))
    .description('apply dead letters again; letters that fail again stay open')
    .addHelpText(
      'after',
      formatExamples('dead-letters replay', ['--all', '--path data.banned --since 7d', 'msg_… --dry-run']),
    )
    .action(
      run(async (ids: string[], options) =>
        (await import('./replay-dead-letters.ts')).replayDeadLetters(ids, options, context),
      ),
    );

  withSelection(group.command('discard'))
    .description('close dead letters that will never be applied; with --all it asks first')
    .requiredOption('--note <text>', 'the reason; it is stored with them', parseText)
    .option('--yes', 'with --all: discard without a question')
    .addHelpText(
      'after',
      formatExamples('dead-letters discard', ['msg_… --note "a test event"', '--all --until 30d --note "too old"']),
    )
    .action(
      run(async (ids: string[], options) =>
        (await import('./discard-dead-letters.ts')).discardDeadLetters(ids, options, context),
      ),
    );
}

function registerReaders({ program: group, context, run }: Registration): void {
  withFilters(group.command('summary'))
    .description('count dead letters by cause (reason and path), with an example of each')
    .option('--json', 'print one JSON document')
    .action(run(async (options) => (await import('./print-summary.ts')).printSummary(options, context)));

  withFilters(group.command('list'))
    .description('list dead letters, the oldest first; a narrow terminal shows fewer columns')
    .addOption(limitOption().default(50))
    .option('--json', 'print one JSON document')
    .action(run(async (options) => (await import('./list-dead-letters.ts')).listDeadLetters(options, context)));

  group
    .command('show')
    .description('explain why a dead letter was not applied, and what to do; prints its body, which is personal data')
    .argument('<message-id>', 'its id, as `dead-letters list` shows it')
    .option('--json', 'print one JSON document')
    .action(
      run(async (id: string, options) => (await import('./show-dead-letter.ts')).showDeadLetter(id, options, context)),
    );
}

function registerEdit({ program: group, context, run }: Registration): void {
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
${formatExamples('dead-letters edit', ['msg_… --replay', 'msg_… --body corrected.json'])}`,
    )
    .action(run(async (id: string, options) => (await import('./edit-body.ts')).editBody(id, options, context)));
}

/** Options that select letters. An option that is repeated matches any of its values. */
function withFilters(command: Command): Command {
  command
    .addOption(choiceOption('--origin <origin>', 'only letters of this origin', origins))
    .option('--type <type>', 'only events of this type; can be repeated', collect)
    .option('--reason <code>', 'only letters with this reason; can be repeated', collect)
    .option(
      '--path <path>',
      'only letters with this path, as `dead-letters summary` shows it; - means no path; can be repeated',
      collect,
    )
    .option('--user <id>', 'only letters about this user; can be repeated', collect);
  return withPeriod(command, 'letters that first failed').addOption(
    choiceOption('--state <state>', 'only letters in this state', letterStates, unresolvedLetterStates.join(' and ')),
  );
}

function withSelection(command: Command): Command {
  const selected = withFilters(command.argument('[message-ids...]', 'the dead letters; or use --all or a filter'))
    .option('--all', 'all dead letters that are open or queued')
    .option('--rate <n>', 'up to this many in a second', parseRate);
  return withChanges(selected, 'dead letters', 'counts by cause');
}
