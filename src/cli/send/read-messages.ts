import { OperatorError } from '../../errors.ts';
import { parseKeepingDigits } from '../../text/json-text.ts';
import { readInput } from '../program/read-input.ts';
import type { Message } from './deliver.ts';

/** Reads a file of events: one JSON object, an array of them, or one on each line. `-` is the standard input. */
export async function readMessages(
  file: string,
  { stdin, createMessageId }: { stdin: AsyncIterable<Uint8Array>; createMessageId: () => string },
): Promise<Message[]> {
  const text = await readInput(file, stdin);
  const name = file === '-' ? 'The standard input' : file;
  const bodies = splitEvents(text.replace(/^\ufeff/, ''), name);
  if (bodies.length === 0) throw new OperatorError('no_events', `${name} contains no event.`, { exitCode: 2 });
  return bodies.map((body) => ({ messageId: createMessageId(), body, ...readTypeAndUser(body) }));
}

/** The text of each event. A single event, or one in a line, is sent exactly as it is written. */
function splitEvents(text: string, name: string): string[] {
  const whole = parse(text);
  if (Array.isArray(whole)) return whole.map((event, index) => assertObject(event, name, `item ${index + 1}`));
  if (whole !== undefined) {
    assertObject(whole, name, 'the document');
    return [text.trim()];
  }
  const lines = text.split('\n').map((line, index) => ({ text: line.trim(), place: `line ${index + 1}` }));
  return lines
    .filter((line) => line.text !== '')
    .map((line) => {
      assertObject(parse(line.text), name, line.place);
      return line.text;
    });
}

function parse(text: string): unknown {
  try {
    return parseKeepingDigits(text);
  } catch {
    // It may be one event in each line. If not, the caller says where the error is.
    return undefined;
  }
}

function assertObject(event: unknown, name: string, place: string): string {
  // As text, because a number that keeps its digits is an object, too.
  const text = JSON.stringify(event) as string | undefined;
  if (text?.startsWith('{')) return text;
  const what = event === undefined ? 'is not JSON' : 'is not a JSON object';
  throw new OperatorError('not_an_event', `${name}: ${place} ${what}.`, {
    hint: 'Give one event, an array of events, or one event in each line: {"type": "user.updated", "data": {…}}.',
    exitCode: 2,
  });
}

function readTypeAndUser(body: string): Pick<Message, 'type' | 'userId'> {
  const { type, data } = JSON.parse(body) as { type?: unknown; data?: { id?: unknown } | null };
  const id = typeof type === 'string' && type.startsWith('user.') ? data?.id : undefined;
  return { type: typeof type === 'string' ? type : null, userId: typeof id === 'string' ? id : null };
}
