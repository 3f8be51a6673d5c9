import { stdin, stdout } from 'node:process';
import { answerError, answerRefusal, answerUnprocessable, type FakeAnswer } from './fake-clerk/clerk-answers.ts';
import { makeInstance } from './fake-clerk/fake-clerk.ts';
import { makeUserId, type UserShape } from './fake-clerk/make-api-user.ts';
import { serveFake } from './fake-clerk/serve-fake.ts';
import { createUserTexts } from './fake-clerk/user-texts.ts';

// A fake Clerk with as many users as its first argument says, of the shape that its second one says, until its standard input ends. It knows what a backfill and a
// reconcile ask, answers at once, keeps no user in memory, and prints one line of JSON: how to reach it.
const count = Number(process.argv[2]);
const [secretKey, instanceId] = ['sk_live_fakeClerkInItsOwnProcess', 'ins_fakeClerkInItsOwnProcess000'];
const writeUser = createUserTexts((process.argv[3] ?? 'whole') as UserShape);
const listQueries: string[] = [];

/** The user's number; NaN for an id that is nobody's. */
function readNumber(id: string): number {
  const n = Number(/\d{7}$/.exec(id)?.[0]);
  return n < count && makeUserId(n) === id ? n : Number.NaN;
}

function answerPage(search: URLSearchParams): FakeAnswer {
  const limit = Number(search.get('limit') ?? 10);
  const [order, cursor] = [search.get('order_by'), search.get('starting_after')];
  if (order !== '+created_at' && order !== '-updated_at') return answerUnprocessable('order_by', 'is not known here');
  if (search.has('created_at_after')) return answerUnprocessable('created_at_after', 'is not known here');
  const start = cursor === null ? Number(search.get('offset') ?? 0) : readNumber(cursor) + 1;
  if (Number.isNaN(start)) return answerUnprocessable('starting_after', 'is not a known user');
  const length = Math.max(0, Math.min(limit > 500 ? 10 : limit, count - start));
  const places = Array.from({ length }, (_, place) => start + place);
  const users = places.map((place) => writeUser(order === '+created_at' ? place : count - 1 - place));
  return { status: 200, text: `[${users.join(',')}]` };
}

function answerUser(id: string): FakeAnswer {
  const n = readNumber(id);
  if (!Number.isNaN(n)) return { status: 200, text: writeUser(n) };
  return answerError(404, { message: 'not found', long_message: 'No user was found.', code: 'resource_not_found' });
}

function answer({ pathname, search, searchParams }: URL): FakeAnswer {
  if (pathname === '/v1/users') {
    listQueries.push(search.slice(1));
    return answerPage(searchParams);
  }
  if (pathname === '/v1/users/count') return { status: 200, text: `{"object":"total_count","total_count":${count}}` };
  if (pathname === '/v1/instance') return { status: 200, text: JSON.stringify(makeInstance(instanceId, secretKey)) };
  if (pathname.startsWith('/v1/users/')) return answerUser(pathname.slice('/v1/users/'.length));
  return { status: 404, text: '404 page not found' };
}

const { url, close } = await serveFake((request) => {
  const requested = new URL(request.url);
  if (requested.pathname === '/list-queries') return Response.json(listQueries);
  const isAllowed = request.headers.get('authorization') === `Bearer ${secretKey}`;
  const { status, text } = isAllowed ? answer(requested) : answerRefusal(401);
  return new Response(text, { status, headers: { 'content-type': 'application/json' } });
});
stdout.write(`${JSON.stringify({ url, secretKey, instanceId })}\n`);
stdin.resume().once('end', () => void close());
