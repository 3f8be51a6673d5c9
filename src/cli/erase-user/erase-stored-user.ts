import { type ErasureRecord, eraseUser, WHAT_STAYS } from '../../erasure/erase-user.ts';
import { escapeText } from '../../text/escape-text.ts';
import { formatTime } from '../../text/format-values.ts';
import { formatTraces } from '../output/format-traces.ts';
import { printAnswer } from '../output/print-answer.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { confirm } from '../program/confirm.ts';
import { withDatabase } from '../program/open-database.ts';

/** The options of `erase-user`. */
export interface EraseUserOptions {
  /** Erases without a question. */
  yes?: boolean;
  by?: string;
  also?: string[];
  json?: boolean;
}

/** `erase-user`: erases everything that is stored about a user, and prints a record of it. */
export async function eraseStoredUser(
  userId: string,
  options: EraseUserOptions,
  context: CommandContext,
): Promise<ExitCode> {
  await confirm(context, options, {
    doubt: `This erases everything that is stored here about ${escapeText(userId)}. Nobody can bring it back.`,
    question: 'Erase it?',
    declined: 'Nothing was changed.',
    code: 'not_confirmed',
    hint: 'To erase it, add --yes.',
  });
  const record = await withDatabase(context, (pool) => eraseUser(pool, userId, options));
  printAnswer(context, options, { json: () => toJson(record), text: () => formatRecord(record) });
  return 0;
}

function toJson({ userId, erasedAt, erasedBy, wasKnown, erased }: ErasureRecord) {
  return {
    ...{ user_id: userId, erased_at: erasedAt, erased_by: erasedBy, was_known: wasKnown },
    ...{ erased, stays: WHAT_STAYS },
  };
}

function formatRecord({ userId, erasedAt, erasedBy, wasKnown, erased }: ErasureRecord): string {
  const rows = Object.keys(erased).length === 0 ? 'No row had anything to erase.\n' : formatTraces(erased);
  return [
    `Erased: ${escapeText(userId)}`,
    `  at  ${formatTime(erasedAt)}`,
    `  by  ${escapeText(erasedBy)}\n`,
    ...(wasKnown
      ? []
      : [
          'There was no row of this user. Their id is a tombstone now, because an event about them may be under way.\n',
        ]),
    rows,
    'What stays:',
    ...WHAT_STAYS.map((line) => `  - ${line}`),
    '',
  ].join('\n');
}
