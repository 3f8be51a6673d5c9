import { compareBodies } from '../../dead-letters/compare-bodies.ts';
import type { DeadLetterWithBody } from '../../dead-letters/dead-letter.ts';
import { type Explanation, explainDeadLetter } from '../../dead-letters/explain-dead-letter.ts';
import { getDeadLetter } from '../../dead-letters/find-dead-letters.ts';
import { escapeLines, escapeText } from '../../text/escape-text.ts';
import { formatJson, formatTime } from '../../text/format-values.ts';
import { indentJson } from '../../text/json-text.ts';
import { localizeCommands } from '../output/localize-commands.ts';
import { wrapText } from '../output/wrap-text.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { inTransaction } from '../program/open-database.ts';

/**
 * `dead-letters show`: everything about one letter. Only this command prints the body, which is personal data. It is printed
 * as it is: nothing in it is taken for a command of ours.
 */
export async function showDeadLetter(
  messageId: string,
  options: { json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const letter = await inTransaction(context, (session) => getDeadLetter(session, messageId));
  const explanation = localise(explainDeadLetter(letter), letter, context.invocation);
  context.stdout(
    options.json === true
      ? formatJson({ ...letter, why: explanation.why, what_to_do: explanation.whatToDo })
      : formatLetter(letter, explanation, context.width),
  );
  return 0;
}

/** With commands that can be typed here. */
function localise(explanation: Explanation, { message_id: id }: DeadLetterWithBody, invocation: string): Explanation {
  return { ...explanation, whatToDo: localizeCommands(explanation.whatToDo, invocation).replaceAll('<id>', id) };
}

function formatLetter(
  letter: DeadLetterWithBody,
  { why, whatToDo, issues }: Explanation,
  width = Number.POSITIVE_INFINITY,
): string {
  const indent = (line: string) => wrapText(escapeText(line), width - 2).map((part) => `  ${part}`);
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
    ...indent(why),
    // For some reasons the error says nothing more.
    ...(letter.error === why ? [] : indent(letter.error)),
    ...(issues.length === 0 ? [] : ['\nWhere']),
    ...issues.flatMap(({ path, message }) => indent(`${path || 'the body'}: ${message}`)),
    '\nWhat to do',
    ...indent(whatToDo),
    ...formatOriginal(letter),
    ...formatBody(letter),
    '',
  ].join('\n');
}

function formatBody({ body, original_body: original }: DeadLetterWithBody): string[] {
  if (body === '') return ['\nThere is no body.'];
  return [`\nBody${original === null ? '' : ', as it was edited'} (personal data)`, escapeLines(indentJson(body))];
}

function formatOriginal({ body, original_body: original }: DeadLetterWithBody): string[] {
  if (original === null) return [];
  const changes = compareBodies(original, body).map(
    ({ path, change }) => `  ${escapeText(path || 'the body')}: ${change}`,
  );
  return ['\nEdited', ...changes, '\nOriginal body (personal data)', escapeLines(indentJson(original))];
}
