import { setTimeout as delay } from 'node:timers/promises';
import type { HttpBindings } from '@hono/node-server';
import { answerAsProxy, answerRefusal, type FakeAnswer } from './clerk-answers.ts';

/** What may go wrong with a request, to order. */
export type Fault =
  /** Another status: in Clerk's words, with another code of Clerk's, or with a body of the test's own. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly code?: string;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The page of something between here and Clerk. */
  | { readonly kind: 'proxy_page'; readonly status: number }
  /** The connection breaks without a word. */
  | { readonly kind: 'cut' }
  /** The connection breaks in the middle of the body. */
  | { readonly kind: 'half_body' }
  /** Half the body, and then nothing more. */
  | { readonly kind: 'stalled_body' }
  /** 200 and a body without its end, as something that cuts long answers would send it. */
  | { readonly kind: 'wrong_json' }
  /** 200 and `{"data": …}`, as Clerk's own SDK returns lists. */
  | { readonly kind: 'not_an_array' }
  /** The right answer, after so many ms. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** No answer at all. */
  | { readonly kind: 'never' }
  /** 200 and another body than the right one. */
  | { readonly kind: 'body'; readonly text: string }
  /** The request is applied, and only then this happens: without it, a fault other than `slow` comes before that. */
  | { readonly kind: 'applied'; readonly fault: Fault };

/** How an answer goes out. */
export interface Sending extends HttpBindings {
  /** Makes the response, with the headers that every one has. */
  readonly respond: (answer: FakeAnswer) => Response;
}

/** Sends `answer` as the fault wants it; it is made after the wait, so that it tells of the users at that time. */
export async function sendWithFault(fault: Fault, answer: () => FakeAnswer, sending: Sending): Promise<Response> {
  if (fault.kind === 'applied') {
    const made = answer();
    return sendWithFault(fault.fault, () => made, sending);
  }
  if (fault.kind === 'slow') await delay(fault.ms);
  if (fault.kind === 'cut') return cut(sending);
  if (fault.kind === 'never') return silence();
  if (fault.kind === 'half_body' || fault.kind === 'stalled_body') return sendHalf(answer(), fault.kind, sending);
  return sending.respond(changeAnswer(fault, answer));
}

function changeAnswer(fault: Fault, answer: () => FakeAnswer): FakeAnswer {
  if (fault.kind === 'proxy_page') return answerAsProxy(fault.status);
  if (fault.kind === 'body') return { status: 200, text: fault.text };
  if (fault.kind === 'wrong_json') return { status: 200, text: answer().text.slice(0, -1) };
  if (fault.kind === 'not_an_array') return { status: 200, text: `{"data":${answer().text}}` };
  if (fault.kind !== 'status') return answer();
  const { status, code, body, headers = {} } = fault;
  const refusal = answerRefusal(status, code);
  return { status, text: body ?? refusal.text, headers: { ...refusal.headers, ...headers } };
}

/** The server sends nothing of its own, whatever was sent by hand. */
function silence(): Promise<never> {
  return new Promise(() => undefined);
}

function cut({ outgoing }: Sending): Promise<never> {
  outgoing.destroy();
  return silence();
}

async function sendHalf({ text }: FakeAnswer, kind: Fault['kind'], { outgoing }: Sending): Promise<Response> {
  const bytes = Buffer.from(text);
  outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
  await new Promise((resolve) => outgoing.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), resolve));
  if (kind === 'half_body') outgoing.destroy();
  return silence();
}
