import {
  type Acknowledgement,
  acknowledgeDrift,
  type DriftSelection,
  listAcknowledgements,
  revokeAcknowledgements,
} from '../../reconcile/acknowledgements.ts';
import { formatQuantity } from '../../text/format-quantity.ts';
import { formatTime } from '../../text/format-values.ts';
import { formatTable } from '../output/format-table.ts';
import { printAnswer } from '../output/print-answer.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { inTransaction } from '../program/open-database.ts';

/** `reconcile acknowledge`: this drift of these users no longer counts as left. Returns 3 for ids without a row. */
export async function acknowledge(
  selection: DriftSelection,
  { note }: { note?: string },
  context: CommandContext,
): Promise<ExitCode> {
  const done = await inTransaction(context, (session) => acknowledgeDrift(session, selection, note ?? null));
  return tell(selection, done, context, { done: 'acknowledged', failed: 'there is no such user here' });
}

/** `reconcile revoke`: this drift of these users counts again. Returns 3 for ids without an acknowledgement. */
export async function revoke(selection: DriftSelection, context: CommandContext): Promise<ExitCode> {
  const done = await inTransaction(context, (session) => revokeAcknowledgements(session, selection));
  return tell(selection, done, context, { done: 'revoked', failed: 'was not acknowledged' });
}

function tell(
  { kind, userIds }: DriftSelection,
  done: ReadonlySet<string>,
  { stdout, stderr }: Pick<CommandContext, 'stdout' | 'stderr'>,
  words: { readonly done: string; readonly failed: string },
): ExitCode {
  const missing = [...new Set(userIds)].filter((id) => !done.has(id));
  stdout(`${formatQuantity(done.size, 'user')} ${words.done} (${kind}). This counts from the next run on.\n`);
  if (missing.length === 0) return 0;
  stderr(`${missing.map((id) => `${id}: ${words.failed}`).join('\n')}\n`);
  return 3;
}

/** `reconcile acknowledgements`: lists what was acknowledged, when and why. */
export async function showAcknowledgements(options: { json?: boolean }, context: CommandContext): Promise<ExitCode> {
  const all = await inTransaction(context, listAcknowledgements);
  printAnswer(context, options, { json: () => ({ acknowledgements: all.map(toJson) }), text: () => formatList(all) });
  return 0;
}

function toJson({ userId, kind, note, acknowledgedAt }: Acknowledgement) {
  return { user_id: userId, kind, note, acknowledged_at: acknowledgedAt };
}

function formatList(all: readonly Acknowledgement[]): string {
  if (all.length === 0) return 'No drift is acknowledged.\n';
  return formatTable<Acknowledgement>(
    [
      { title: 'user', value: ({ userId }) => userId },
      { title: 'kind', value: ({ kind }) => kind },
      { title: 'acknowledged', value: ({ acknowledgedAt }) => formatTime(acknowledgedAt) },
      { title: 'note', value: ({ note }) => note },
    ],
    all,
  );
}
