import { type Command, InvalidArgumentError } from 'commander';
import { updateActions, updateStates } from '../../../drizzle/schema/codes.ts';
import { collect, parseInteger } from '../program/parse-argument.ts';
import type { Registration } from '../program/registration.ts';
import { choiceOption, formatExamples, limitOption, withChanges, withPeriod } from '../program/selection-options.ts';

/** Declares `updates list|show|send|retry|cancel` and passes their options on. */
export function registerUpdates({ program, context, run }: Registration): void {
  const group = program
    .command('updates')
    .description('look at requests to change users at Clerk; send, retry or cancel them');
  registerReaders({ program: group, context, run });
  registerSend({ program: group, context, run });

  withSelection(group.command('retry'), 'rejected')
    .description('ask for the same again, after Clerk refused it')
    .addHelpText(
      'after',
      `
Each becomes a new request at the end of the user's queue, so that it overtakes no later one. The rejected request stays
as it is. A request whose password or other secret was erased can't be retried: insert a new one. Nothing is retried
twice.
Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 the secrets of some are erased.
${formatExamples('updates retry', ['42', '--all --reason form_param_unknown'])}`,
    )
    .action(
      run(async (ids: number[], options) => (await import('./change-updates.ts')).retryUpdates(ids, options, context)),
    );

  withSelection(group.command('cancel'), 'pending')
    .description('take requests that wait out of the queue')
    .addHelpText(
      'after',
      `
Only a pending request can be cancelled. While a call to Clerk is being made, it can't. If a request was tried before, a
part of it may have reached Clerk: \`clerk-sync updates show\` tells which calls were made.
Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 some are being sent.
${formatExamples('updates cancel', ['42', '--user user_… --dry-run'])}`,
    )
    .action(
      run(async (ids: number[], options) => (await import('./change-updates.ts')).cancelUpdates(ids, options, context)),
    );
}

function registerSend({ program: group, context, run }: Registration): void {
  group
    .command('send')
    .description('send to Clerk what is due, and end: for cron, where no service runs that sends')
    .option('--deadline <seconds>', 'begin no further call after so many seconds', parseInteger(1, 86_400))
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Needs CLERK_SECRET_KEY. It may run beside the service, and beside another one of its kind.
Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 requests were rejected, or wait still.
${formatExamples('updates send', ['', '--deadline 50'])}`,
    )
    .action(run(async (options) => (await import('./send-updates.ts')).sendUpdates(options, context)));
}

function registerReaders({ program: group, context, run }: Registration): void {
  withFilters(group.command('list'), 'pending and sending; with --reason or --property: rejected')
    .description('list update requests, the oldest first; a narrow terminal shows fewer columns')
    .addOption(limitOption().default(50))
    .option('--json', 'print one JSON document')
    .action(run(async (options) => (await import('./list-updates.ts')).listUpdates(options, context)));

  group
    .command('show')
    .description(
      'explain what became of one, and what to do; prints its request, which is personal data, without secrets',
    )
    .argument('<id>', 'its id, as `updates list` shows it', parseId)
    .option('--json', 'print one JSON document')
    .action(run(async (id: number, options) => (await import('./show-update.ts')).showUpdate(id, options, context)));
}

/** Options that select requests. An option that is repeated matches any of its values. */
function withFilters(command: Command, usualStates: string): Command {
  command
    .addOption(choiceOption('--action <action>', 'only this action', updateActions))
    .option('--reason <code>', "only with this code of Clerk's errors; can be repeated", collect)
    .option('--property <name>', 'only those of which Clerk refused this property; can be repeated', collect)
    .option('--user <id>', 'only requests about this user; can be repeated', collect);
  return withPeriod(command, 'requests inserted').addOption(
    choiceOption('--state <state>', 'only requests in this state', updateStates, usualStates),
  );
}

function withSelection(command: Command, usualState: string): Command {
  const withIds = command.argument('[ids...]', 'the requests; or use --all or a filter', collectIds);
  const selected = withFilters(withIds, usualState)
    .option('--all', `all ${usualState} requests; it asks first`)
    .option('--yes', 'with --all: do it without a question');
  return withChanges(selected, 'requests', 'counts');
}

function parseId(text: string): number {
  const id = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (id > 0) return id;
  throw new InvalidArgumentError('Give the id of an update request, a whole number.');
}

function collectIds(text: string, collected: number[] = []): number[] {
  return [...collected, parseId(text)];
}
