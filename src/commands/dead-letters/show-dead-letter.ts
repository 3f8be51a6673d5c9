import type { DeadLetterWithBody } from '../../dead-letters/dead-letter.ts';
import { type Explanation, explainDeadLetter } from '../../dead-letters/explain-dead-letter.ts';
import { getDeadLetter } from '../../dead-letters/find-dead-letters.ts';
import type { CommandContext, ExitCode } from '../command-context.ts';
import { parseKeepingDigits } from '../json-text.ts';
import { withDatabase } from '../open-database.ts';
import { escapeLines, escapeText } from '../output/escape-text.ts';
import { formatJson, formatTime } from '../output/format-values.ts';

/** `dead-letters show`: everything about one letter. The body, which is personal data, is printed nowhere else. */
export async function showDeadLetter(
  messageId: string,
  options: { json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const letter = await withDatabase(context, (pool) =>
    pool.withSession((session) => getDeadLetter(session, messageId)),
  );
  const explanation = localise(explainDeadLetter(letter), letter, context.invocation);
  context.stdout(
    options.json === true
      ? formatJson({ ...letter, why: explanation.why, what_to_do: explanation.whatToDo })
      : formatLetter(letter, explanation),
  );
  return 0;
}

/** Commands as they can be typed here. */
function localise(explanation: Explanation, { message_id: id }: DeadLetterWithBody, invocation: string): Explanation {
  const whatToDo = explanation.whatToDo.replaceAll('`clerk-sync ', `\`${invocation} `).replaceAll('<id>', id);
  return { ...explanation, whatToDo };
}

function formatLetter(letter: DeadLetterWithBody, { why, whatToDo, issues }: Explanation): string {
  const facts: [string, string | null][] = [
    ['origin', letter.origin],
    ['type', letter.event_type],
    ['user', letter.user_id],
    ['instance', letter.instance_id],
    ['state', letter.state],
    ['resolved', letter.resolved_at === null ? null : `${formatTime(letter.resolved_at)} (${letter.resolution})`],
    ['reason', letter.reason],
    ['attempts', String(letter.attempts)],
    ['first failed', formatTime(letter.first_failed_at)],
    ['last failed', formatTime(letter.last_failed_at)],
  ];
  return [
    `Dead letter ${escapeText(letter.message_id)}\n`,
    ...facts.flatMap(([name, value]) => (value === null ? [] : [`  ${name.padEnd(13)} ${escapeText(value)}`])),
    '\nWhy',
    `  ${escapeText(why)}`,
    `  ${escapeText(letter.error)}`,
    ...(issues.length === 0 ? [] : ['\nWhere']),
    ...issues.map(({ path, message }) => `  ${escapeText(path || 'the body')}: ${escapeText(message)}`),
    '\nWhat to do',
    `  ${escapeText(whatToDo)}`,
    '\nBody (personal data)',
    `${escapeLines(indentJson(letter.body))}\n`,
  ].join('\n');
}

/** Indented where it is JSON, every digit kept; else as it came. */
function indentJson(body: string): string {
  try {
    return JSON.stringify(parseKeepingDigits(body.replace(/^\ufeff/, '')), null, 2);
  } catch {
    // That it can't be parsed may be the very reason it is here.
    return body;
  }
}
