import { parseInteger } from '../parse-argument.ts';
import type { Registration } from '../registration.ts';

const DEFAULT_CONCURRENCY = 32;

/** Declares `send` and hands its options on. */
export function registerSend({ program, context, finish }: Registration): void {
  program
    .command('send')
    .description('sign events as Svix does, post them to a running service, and show the outcomes')
    .argument(
      '[file|type]',
      'user.created, user.updated, user.deleted, session.created, organization.created; or a file of JSON events (one, an array, or one a line), - for the standard input (default: user.created)',
    )
    .option(
      '--count <n>',
      'alone: a storm of so many events over many users; with a type: so many sample users',
      parseInteger(1, 10_000_000),
    )
    .option('--shuffle', 'deliver in random order (beyond 10,000 deliveries: within a window of that size)')
    .option('--duplicate', 'deliver one message in five two or three times, under the same id')
    .option('--url <url>', 'where to (default: http://localhost:$PORT/webhooks/clerk)')
    .option(
      '--secret <whsec>',
      "sign with this (default: the first of CLERK_WEBHOOK_SIGNING_SECRET, else the embedded service's)",
    )
    .option('--concurrency <n>', 'deliveries at a time', parseInteger(1, 1000), DEFAULT_CONCURRENCY)
    .option(
      '--seed <n>',
      'which sample user, or which storm: the same seed sends the same events again',
      parseInteger(0, 2 ** 48),
    )
    .option('--yes', 'send samples without asking where real users are, or may be')
    .option('--clean', 'send nothing: remove all samples, also those of Clerk, from the database')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Samples are users of an instance that does not exist, ins_clerk_sync_samples: backfill and reconcile leave them aside.
Exit codes: 0 all accepted, 1 some were not, 2 usage or configuration, or not confirmed, 3 some became dead letters.

Examples:
  ${context.invocation} send user.created
  ${context.invocation} send --count 1000 --shuffle --duplicate
  ${context.invocation} send --clean
  ${context.invocation} send events.jsonl --url https://example.com --secret whsec_…`,
    )
    .action(async (source: string | undefined, options) => {
      const { send } = await import('./send.ts');
      finish(await send(source, options, context));
    });
}
