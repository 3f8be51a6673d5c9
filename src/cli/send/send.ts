import { OperatorError } from '../../errors.ts';
import type { CommandContext, ExitCode } from '../command-context.ts';
import { formatJson } from '../output/format-values.ts';
import { startProgressBar } from '../output/progress-bar.ts';
import { assertMaySend } from './assert-may-send.ts';
import { type Chosen, chooseMessages } from './choose-messages.ts';
import { cleanSamples } from './clean-samples.ts';
import { createDeliverer } from './deliver.ts';
import { deliverAll, type Totals } from './deliver-all.ts';
import { findRow, type UserRow } from './find-row.ts';
import { formatSendReport } from './format-send-report.ts';
import type { Look } from './look-at-database.ts';
import { createSendReport, type SendReport } from './send-report.ts';
import { chooseSecret, chooseUrl } from './target.ts';

export interface SendOptions {
  count?: number;
  shuffle?: boolean;
  duplicate?: boolean;
  /** Where to; a URL without a path gets the service's own. */
  url?: string;
  /** `whsec_…` */
  secret?: string;
  concurrency: number;
  seed?: number;
  json?: boolean;
  /** Samples also where real users are. */
  yes?: boolean;
  /** Removes samples, and sends nothing. */
  clean?: boolean;
}

/**
 * `send [file|type]`: signs events as Svix does, posts them to a running service and tells what became of them.
 *
 * @returns 0 when every delivery was accepted, 1 when one was not, 3 when one became a dead letter.
 */
export async function send(
  source: string | undefined,
  options: SendOptions,
  context: CommandContext,
): Promise<ExitCode> {
  if (options.clean === true) return await clean(source, options, context);
  const url = chooseUrl(options.url, context.loadConfig);
  const secret = await chooseSecret(options.secret, context.loadConfig);
  const { count, seed, shuffle = false, duplicate = false } = options;
  const chosen = await chooseMessages({ source, count, seed, shuffle, duplicate, now: new Date() }, context.stdin);
  const isSample = chosen.storm !== undefined || chosen.sample !== undefined;
  if (isSample && options.yes !== true) await assertMaySend(url, context);
  const progress = startProgressBar(context.progress, chosen.deliveries, 'deliveries');
  const totals = await deliverAll(chosen.messages, {
    concurrency: options.concurrency,
    deliver: createDeliverer({ url, secret }),
    onDelivered: progress.advance,
  }).finally(progress.stop);
  assertReached(totals, url, context.invocation);
  const report = createSendReport({ url, chosen, totals, row: await findOnlyRow(chosen, totals, context) });
  context.stdout(options.json === true ? formatJson(report) : formatSendReport(report, context.invocation));
  return chooseExitCode(report);
}

/** What the database says now of the user of a single event; undefined where there is nothing to be seen. */
async function findOnlyRow(
  { events }: Chosen,
  { results: [result] }: Totals,
  { loadConfig }: CommandContext,
): Promise<Look<UserRow> | undefined> {
  if (events !== 1 || result === undefined) return undefined;
  const { messageId, userId } = result.message;
  const isSettled = result.outcome !== null && result.outcome !== 'dead_letter';
  return isSettled && userId !== null ? findRow(loadConfig, { userId, messageId }) : undefined;
}

async function clean(source: string | undefined, options: SendOptions, context: CommandContext): Promise<ExitCode> {
  if (source !== undefined || options.count !== undefined || options.url !== undefined) {
    throw new OperatorError('usage', '--clean sends nothing: it takes no event, no --count and no --url.', {
      hint: 'It removes samples from the database that is configured here.',
      exitCode: 2,
    });
  }
  return cleanSamples(options.json === true, context);
}

/** Nothing at all was there: one sentence says more than a report of failures. */
function assertReached({ failures, deliveries }: Totals, url: string, invocation: string): void {
  const [failure] = failures;
  if (failure?.status !== null || failure.deliveries < deliveries) return;
  throw new OperatorError('service_unreachable', `Nothing answers at ${url}: ${failure.message}`, {
    hint: `Is the service running? Start it with \`npm start\` (or \`${invocation} serve\`) in another terminal; --url names another address.`,
  });
}

function chooseExitCode({ failures, outcomes, deliveries, planned }: SendReport): ExitCode {
  if (failures.length > 0 || deliveries < planned) return 1;
  return outcomes.dead_letter === undefined ? 0 : 3;
}
