import { type Command, InvalidArgumentError, Option } from 'commander';
import { updateActions, updateStates } from '../../../drizzle/schema/codes.ts';
import { collect, collectAmong, parseInteger, parseTime } from '../program/parse-argument.ts';
import type { Registration } from '../program/registration.ts';

const MAX_LIMIT = 1_000_000;

/** Declares `updates list|show|send|retry|cancel` and passes their options on. */
export function registerUpdates({ program, context, finish }: Registration): void {
  const group = program
    .command('updates')
    .description('look at requests to change users at Clerk; send, retry or cancel them');
  registerReaders({ program: group, context, finish });
  registerSend({ program: group, context, finish });

  withSelection(group.command('retry'), 'rejected')
    .description('ask for the same again, after Clerk refused it')
    .addHelpText(
      'after',
      `
Each becomes a new request at the end of the user's queue, so that it overtakes no later one. The rejected request stays
as it is. A request whose password or other secret was erased can't be retried: insert a new one. Nothing is retried
twice.
Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 the secrets of some are erased.
${examples('retry', ['42', '--all --reason form_param_unknown'])}`,
    )
    .action(async (ids: number[], options) => {
      const { retryUpdates } = await import('./change-updates.ts');
      finish(await retryUpdates(ids, options, context));
    });

  withSelection(group.command('cancel'), 'pending')
    .description('take requests that wait out of the queue')
    .addHelpText(
      'after',
      `
Only a pending request can be cancelled. While a call to Clerk is being made, it can't. If a request was tried before, a
part of it may have reached Clerk: \`clerk-sync updates show\` tells which calls were made.
Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 some are being sent.
${examples('cancel', ['42', '--user user_… --dry-run'])}`,
    )
    .action(async (ids: number[], options) => {
      const { cancelUpdates } = await import('./change-updates.ts');
      finish(await cancelUpdates(ids, options, context));
    });
}

function registerSend({ program: group, context, finish }: Registration): void {
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
${examples('send', ['', '--deadline 50'])}`,
    )
    .action(async (options) => {
      const { sendUpdates } = await import('./send-updates.ts');
      finish(await sendUpdates(options, context));
    });
}

function registerReaders({ program: group, context, finish }: Registration): void {
  withFilters(group.command('list'), 'pending and sending; with --reason or --property: rejected')
    .description('list update requests, the oldest first; a narrow terminal shows fewer columns')
    .addOption(limitOption().default(50))
    .option('--json', 'print one JSON document')
    .action(async (options) => {
      const { listUpdates } = await import('./list-updates.ts');
      finish(await listUpdates(options, context));
    });

  group
    .command('show')
    .description(
      'explain what became of one, and what to do; prints its request, which is personal data, without secrets',
    )
    .argument('<id>', 'its id, as `updates list` shows it', parseId)
    .option('--json', 'print one JSON document')
    .action(async (id: number, options) => {
      const { showUpdate } = await import('./show-update.ts');
      finish(await showUpdate(id, options, context));
    });
}

/** Options that select requests. An option that is repeated matches any of its values. */
function withFilters(command: Command, usualStates: string): Command {
  return command
    .addOption(
      new Option('--action <action>', `only this action: ${updateActions.join(', ')}; can be repeated`).argParser(
        collectAmong(updateActions),
      ),
    )
    .option('--reason <code>', "only with this code of Clerk's errors; can be repeated", collect)
    .option('--property <name>', 'only those of which Clerk refused this property; can be repeated', collect)
    .option('--user <id>', 'only requests about this user; can be repeated', collect)
    .option('--since <time>', 'only requests inserted at this time or later: 2026-01-31, or 24h, 7d ago', (text) =>
      parseTime(text),
    )
    .option('--until <time>', 'only requests inserted before this time', (text) => parseTime(text))
    .addOption(
      new Option(
        '--state <state>',
        `only requests in this state: ${updateStates.join(', ')}; can be repeated (default: ${usualStates})`,
      ).argParser(collectAmong(updateStates)),
    );
}

function withSelection(command: Command, usualState: string): Command {
  return withFilters(command.argument('[ids...]', 'the requests; or use --all or a filter', collectIds), usualState)
    .option('--all', `all ${usualState} requests; it asks first`)
    .addOption(limitOption())
    .option('--dry-run', 'show the requests, and change nothing')
    .option('--yes', 'with --all: do it without a question')
    .option('--verbose', 'print a line for each request, not only counts')
    .option('--json', 'print one JSON document');
}

function limitOption(): Option {
  return new Option('--limit <n>', 'up to this many, the oldest first').argParser(parseInteger(1, MAX_LIMIT));
}

function parseId(text: string): number {
  const id = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (id > 0) return id;
  throw new InvalidArgumentError('Give the id of an update request, a whole number.');
}

function collectIds(text: string, collected: number[] = []): number[] {
  return [...collected, parseId(text)];
}

function examples(command: string, lines: string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  clerk-sync updates ${command} ${line}`)].join('\n');
}
