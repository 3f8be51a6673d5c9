import { parseInteger } from '../program/parse-argument.ts';
import type { Registration } from '../program/registration.ts';

const DEFAULT_CONCURRENCY = 32;

/** Declares `send` and passes its options on. */
export function registerSend({ program, context, run }: Registration): void {
  program
    .command('send')
    .description('sign events as Svix does, post them to a running service, and show the outcomes')
    .argument(
      '[file|type]',
      'a type: user.created, user.updated, user.deleted, session.created, organization.created; or a file of JSON events (one event, an array, or one event in each line), or - for the standard input (default: user.created)',
    )
    .option(
      '--count <n>',
      'without a type: send a storm of this many events about many users; with a type: send it for this many sample users',
      parseInteger(1, 10_000_000),
    )
    .option('--shuffle', 'send in random order (with more than 10,000 deliveries: within a window of that size)')
    .option('--duplicate', 'send one message in five two or three times, with the same id')
    .option('--url <url>', 'the address of the service (default: http://localhost:$PORT/webhooks/clerk)')
    .option(
      '--secret <whsec>',
      'the secret to sign with (default: the first one in CLERK_WEBHOOK_SIGNING_SECRET, or the one that the service made)',
    )
    .option('--concurrency <n>', 'how many deliveries are sent at a time', parseInteger(1, 1000), DEFAULT_CONCURRENCY)
    .option(
      '--seed <n>',
      'choose the sample user or the storm: the same seed sends the same events again',
      parseInteger(0, 2 ** 48),
    )
    .option('--yes', 'send samples without a question, even if there are real users')
    .option('--clean', "send nothing; remove all samples from the database, also those of Clerk's dashboard")
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Samples belong to an instance that does not exist, ins_clerk_sync_samples. Backfill and reconcile leave them aside.
Exit codes: 0 all accepted, 1 some were not, 2 usage, configuration or not confirmed, 3 some became dead letters.

Examples:
  clerk-sync send user.created
  clerk-sync send --count 1000 --shuffle --duplicate
  clerk-sync send --clean
  clerk-sync send events.jsonl --url https://example.com --secret whsec_…`,
    )
    .action(
      run(async (source: string | undefined, options) => (await import('./send.ts')).send(source, options, context)),
    );
}
