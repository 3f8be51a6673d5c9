import { OperatorError, usageError } from '../../errors.ts';
import { formatCount } from '../../text/format-quantity.ts';
import { printAnswer } from '../output/print-answer.ts';
import { startProgressBar } from '../output/progress-bar.ts';
import { abortOnSignal, stoppedError } from '../program/abort-on-signal.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
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

/** The options of `send`. */
export interface SendOptions {
  count?: number;
  shuffle?: boolean;
  duplicate?: boolean;
  url?: string;
  secret?: string;
  concurrency: number;
  seed?: number;
  json?: boolean;
  yes?: boolean;
  clean?: boolean;
}

/**
 * `send [file|type]`: signs events as Svix does, posts them to a running service and reports what became of them.
 *
 * @returns 0 if every delivery was accepted, 1 if one was not, 3 if one became a dead letter.
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
  if (isSample) await assertMaySend(url, options, context);
  const { totals, isStopped } = await abortOnSignal((signal) =>
    deliver(chosen, { url, secret, signal, concurrency: options.concurrency }, context),
  );
  assertReached(totals, url);
  const report = createSendReport({ url, chosen, totals, row: await findOnlyRow(chosen, totals, context) });
  printAnswer(context, options, { json: () => report, text: () => formatSendReport(report, { isStopped }) });
  if (isStopped && report.deliveries < report.planned) throw stoppedError(describeSent(report));
  return chooseExitCode(report);
}

interface Target {
  readonly url: string;
  readonly secret: string;
  readonly signal: AbortSignal;
  readonly concurrency: number;
}

/** A signal ends the run when the deliveries that are on their way have their answers. */
async function deliver(
  chosen: Chosen,
  { concurrency, signal, ...target }: Target,
  { progress, stderr }: Pick<CommandContext, 'progress' | 'stderr'>,
): Promise<{ totals: Totals; isStopped: boolean }> {
  const bar = startProgressBar(progress, chosen.deliveries, 'deliveries');
  const onAbort = () => {
    bar.stop();
    stderr('stopping after the deliveries that are on their way\n');
  };
  signal.addEventListener('abort', onAbort, { once: true });
  const totals = await deliverAll(chosen.messages, {
    concurrency,
    deliver: createDeliverer({ ...target, signal }),
    onDelivered: () => signal.aborted || bar.advance(),
    signal,
  }).finally(bar.stop);
  return { totals, isStopped: signal.aborted };
}

function describeSent({ deliveries, planned }: SendReport): string {
  return `${formatCount(deliveries)} of ${formatCount(planned)} deliveries were sent.`;
}

/** What the database now says about the user of a single event; undefined if there is nothing to see. */
async function findOnlyRow(
  { events }: Chosen,
  { results: [result] }: Totals,
  { loadConfig }: CommandContext,
): Promise<Look<UserRow> | undefined> {
  if (events !== 1 || result === undefined) return undefined;
  const { message_id: messageId, user_id: userId, outcome } = result;
  const isSettled = outcome !== null && outcome !== 'dead_letter';
  return isSettled && userId !== null ? findRow(loadConfig, { userId, messageId }) : undefined;
}

async function clean(source: string | undefined, options: SendOptions, context: CommandContext): Promise<ExitCode> {
  if (source !== undefined || options.count !== undefined || options.url !== undefined) {
    throw usageError(
      '--clean sends nothing: it takes no event, no --count and no --url.',
      'It removes samples from the database that is configured here.',
    );
  }
  return cleanSamples(options, context);
}

/** If no service was reached at all, one sentence says more than a list of failures. */
function assertReached({ failures, deliveries }: Totals, url: string): void {
  const [failure] = failures;
  if (failure?.status !== null || failure.deliveries < deliveries) return;
  throw new OperatorError('service_unreachable', `Nothing answers at ${url}: ${failure.message}`, {
    hint: 'Is the service running? Start it with `clerk-sync serve` in another terminal. If it has another address, give it with --url.',
  });
}

function chooseExitCode({ failures, outcomes, deliveries, planned }: SendReport): ExitCode {
  if (failures.length > 0 || deliveries < planned) return 1;
  return outcomes.dead_letter === undefined ? 0 : 3;
}
