import type { Pool } from '../../db/pool.ts';
import type { BodyChange } from '../../dead-letters/compare-bodies.ts';
import type { DeadLetterWithBody } from '../../dead-letters/dead-letter.ts';
import { assertEditable, type Edit, editDeadLetter } from '../../dead-letters/edit-dead-letter.ts';
import { getDeadLetter } from '../../dead-letters/find-dead-letters.ts';
import { type ReplayResult, replayDeadLetter } from '../../dead-letters/replay-dead-letter.ts';
import { escapeText } from '../../text/escape-text.ts';
import { indentJson } from '../../text/json-text.ts';
import { formatTable } from '../output/format-table.ts';
import { printAnswer } from '../output/print-answer.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { withDatabase } from '../program/open-database.ts';
import { readInput } from '../program/read-input.ts';
import { editText } from './edit-text.ts';

/** The options of `dead-letters edit`. */
export interface EditCommandOptions {
  /** A file, or `-` for the standard input. */
  body?: string;
  replay?: boolean;
  json?: boolean;
}

/**
 * `dead-letters edit`: gives a letter another body, from an editor or a file, and shows where the two bodies differ.
 *
 * @returns 3 if it was replayed and failed again.
 */
export async function editBody(id: string, options: EditCommandOptions, context: CommandContext): Promise<ExitCode> {
  return withDatabase(context, async (pool, { deletedUsers }) => {
    const letter = await pool.withTransaction((session) => getDeadLetter(session, id));
    assertEditable(letter);
    const edit = await changeBody(pool, letter, options, context);
    const replay =
      options.replay === true && edit.changes.length > 0
        ? await replayDeadLetter({ pool, deletedUsers }, id)
        : undefined;
    printAnswer(context, options, {
      json: () => toJson(id, edit, replay),
      text: () => formatEdit(id, edit, replay),
    });
    return replay?.outcome === 'dead_letter' ? 3 : 0;
  });
}

async function changeBody(
  pool: Pool,
  letter: DeadLetterWithBody,
  { body }: EditCommandOptions,
  { stdin, stderr }: CommandContext,
): Promise<Edit> {
  const save = (edited: string) => pool.withTransaction((session) => editDeadLetter(session, letter, edited));
  if (body !== undefined) return save(await readInput(body, stdin));
  return editText(indentJson(letter.body), save, (file) =>
    stderr(
      `Your text is kept in ${file}. Correct it there and run \`clerk-sync dead-letters edit ${letter.message_id} --body ${file}\`. Then delete the file, because it contains personal data.\n`,
    ),
  );
}

function toJson(id: string, { changes, problem }: Edit, replay: ReplayResult | undefined) {
  return {
    message_id: id,
    changes,
    problem: problem ?? null,
    replay: replay === undefined ? null : { outcome: replay.outcome, error: replay.error ?? null },
  };
}

function formatEdit(id: string, edit: Edit, replay: ReplayResult | undefined): string {
  if (edit.changes.length === 0) return 'Nothing was changed: the new body says the same as the old one.\n';
  const table = formatTable<BodyChange>(
    [
      { title: 'path', value: ({ path }) => path || 'the body' },
      { title: 'change', value: ({ change }) => change },
    ],
    edit.changes,
  );
  const done = `The dead letter ${escapeText(id)} has a new body. The original body is kept, too.`;
  return `${table}\n${done}\n${describeNext(id, edit, replay)}\n`;
}

function describeNext(id: string, { problem }: Edit, replay: ReplayResult | undefined): string {
  if (replay?.error !== undefined) return `It was replayed and failed again. ${escapeText(replay.error)}`;
  if (replay !== undefined) return `It was replayed: ${replay.outcome}.`;
  if (problem !== undefined) return `It still can't be applied. ${escapeText(problem)}`;
  return `To replay it:  clerk-sync dead-letters replay ${id}`;
}
