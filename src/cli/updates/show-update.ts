import { escapeLines, escapeText } from '../../text/escape-text.ts';
import { formatJson, formatTime } from '../../text/format-values.ts';
import { explainUpdate } from '../../user-updates/explain-update.ts';
import { getUpdate } from '../../user-updates/find-updates.ts';
import type { SentCall, UserUpdate } from '../../user-updates/user-update.ts';
import { formatTable } from '../output/format-table.ts';
import { localizeCommands } from '../output/localize-commands.ts';
import { wrapText } from '../output/wrap-text.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { inTransaction } from '../program/open-database.ts';

/**
 * `updates show`: everything about one request but its secrets. The request and Clerk's words are personal data. They are
 * printed as they are: nothing in them is taken for a command of ours.
 */
export async function showUpdate(id: number, options: { json?: boolean }, context: CommandContext): Promise<ExitCode> {
  const update = await inTransaction(context, (session) => getUpdate(session, id));
  const { why, whatToDo } = explainUpdate(update);
  const advice = localizeCommands(whatToDo, context.invocation).replaceAll('<id>', String(id));
  context.stdout(
    options.json === true
      ? formatJson({ ...update, why, what_to_do: advice })
      : formatUpdate(update, { why, advice, width: context.width }),
  );
  return 0;
}

interface Words {
  readonly why: string;
  readonly advice: string;
  readonly width: number | undefined;
}

function formatUpdate(update: UserUpdate, { why, advice, width = Number.POSITIVE_INFINITY }: Words): string {
  const indent = (line: string) => wrapText(escapeText(line), width - 2).map((part) => `  ${part}`);
  const errors = update.error ?? [];
  return [
    `Update request ${update.id}\n`,
    ...listFacts(update).flatMap(([name, value]) =>
      value === null ? [] : [`  ${name.padEnd(13)} ${escapeText(value)}`],
    ),
    '\nWhy',
    ...indent(why),
    ...errors.flatMap(({ code, message, long_message: long }) => indent(`${code}: ${long ?? message ?? ''}`)),
    '\nWhat to do',
    ...indent(advice),
    ...formatCalls(update.calls, width),
    '\nRequest (personal data)',
    `${escapeLines(JSON.stringify(update.request, null, 2))}\n`,
  ].join('\n');
}

function listFacts(update: UserUpdate): [name: string, value: string | null][] {
  const isWaiting = update.state === 'pending' || update.state === 'sending';
  return [
    ['user', update.user_id],
    ['action', update.action],
    ['metadata', update.metadata_mode === 'merge' ? 'merge' : null],
    ['force', update.force ? 'yes' : null],
    ['state', update.state],
    ['property', update.error_property],
    ['attempts', String(update.attempts)],
    ['next attempt', isWaiting && update.attempts > 0 ? formatTime(update.next_attempt_at) : null],
    [
      'inserted',
      `${formatTime(update.created_at)} by ${update.requested_by}${update.from_trigger ? ', in a trigger' : ''}`,
    ],
    ['settled', update.settled_at && formatTime(update.settled_at)],
    ['event', update.message_id],
  ];
}

function formatCalls(calls: readonly SentCall[], width: number): string[] {
  if (calls.length === 0) return [];
  const table = formatTable<SentCall>(
    [
      { title: '  call', value: ({ method, path }) => `  ${method} ${path}`, narrowest: 20 },
      { title: 'at', value: ({ at }) => formatTime(new Date(at)), spare: 1 },
      { title: 'status', value: ({ status }) => status },
      { title: 'outcome', value: ({ outcome }) => outcome },
    ],
    calls,
    width,
  );
  return ['\nCalls to Clerk', table.trimEnd()];
}
