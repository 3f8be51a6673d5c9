import type { Session } from '../db/pool.ts';
import { OperatorError } from '../errors.ts';
import { describeShortfall, SHORTFALL_REMEDY } from '../walk/describe-shortfall.ts';
import { type WalkedPage, walkUsers } from '../walk/walk-users.ts';
import { AbsentUsers, countLiving } from './absent-users.ts';
import { type ActiveReconcile, assertGoing, countRead, withSession } from './active-reconcile.ts';
import { checkUsers } from './check-users.ts';
import { findCandidates, findUndatedCandidates } from './find-candidates.ts';

/** Up to this many users of one creation time are remembered. An import can make many of them. */
const MAX_SEEN = 20_000;

/** How far the walk has come in creation time, and which users of that time it has seen. */
interface Position {
  readonly end: Date | null;
  readonly seen: readonly string[];
}

/**
 * Walks all users and compares each with what is stored. After each page it asks for the users who are stored with a
 * creation time that the walk has passed, and were not in it. No set of all users is kept anywhere: the walk is in the
 * order of creation, and so is an index here.
 *
 * @param expectedUsers what Clerk counted just before.
 * @throws {OperatorError} `walk_short` if the walk can't have come to its end. Then nobody is deleted.
 */
export async function reconcileAll(run: ActiveReconcile, expectedUsers: number): Promise<void> {
  const lend = <T>(work: (session: Session) => Promise<T>) => withSession(run, work);
  const absent = new AbsentUsers(run);
  let position: Position = { end: null, seen: [] };
  let met = 0;
  let observedAt = new Date(0);
  for await (const page of walkUsers(run.api)) {
    await assertGoing(run);
    met += await checkUsers(
      run,
      page.users.map((user) => ({ user, observedAt: page.observedAt })),
    );
    observedAt = page.observedAt;
    const seen = [...position.seen, ...listIds(page)];
    const to = page.position?.createdAt ?? null;
    if (to !== null) {
      const range = { from: position.end, to, seen, observedBefore: observedAt };
      for await (const candidates of findCandidates(lend, range)) await absent.ask(candidates);
    }
    position = advance(run, position, { to, seen, page });
    countRead(run, page.users.length);
  }
  await assertWholeWalk(run, expectedUsers);
  if (run.tally.usersRead === 0) return await describeEmptyWalk(run);
  const rest = { from: position.end, to: null, seen: position.seen, observedBefore: observedAt };
  for await (const candidates of findCandidates(lend, rest)) await absent.ask(candidates);
  for await (const candidates of findUndatedCandidates(lend, rest)) await absent.ask(candidates);
  await assertGoing(run);
  await absent.remove({ met });
}

/** Users who are missing from half a walk are not gone. */
async function assertWholeWalk({ api, tally }: ActiveReconcile, expectedUsers: number): Promise<void> {
  const shortfall = describeShortfall(tally.usersRead, [expectedUsers, await api.countUsers()]);
  if (shortfall === undefined) return;
  throw new OperatorError('walk_short', `${shortfall} Nobody was deleted here.`, { hint: SHORTFALL_REMEDY });
}

/** More users of the last creation time may be on the next page. So those seen are remembered until the next time. */
function advance(
  run: ActiveReconcile,
  position: Position,
  { to, seen, page }: { to: Date | null; seen: readonly string[]; page: WalkedPage },
): Position {
  if (to !== null && (position.end === null || to > position.end)) return { end: to, seen: listIds(page) };
  if (seen.length <= MAX_SEEN) return { ...position, seen };
  run.notes.add(
    `More than ${MAX_SEEN} users were created at one moment: those stored with it were not checked for being gone.`,
  );
  return { end: new Date((position.end?.getTime() ?? 0) + 1), seen: [] };
}

function listIds({ users }: WalkedPage): string[] {
  return users.flatMap(({ id }) => (id === null ? [] : [id]));
}

/** An API without any user is no reason to delete everybody. */
async function describeEmptyWalk(run: ActiveReconcile): Promise<void> {
  const living = await countLiving(run);
  if (living === 0) return;
  run.tally.addLeft('absent', living);
  run.notes.add(
    `Clerk has no user at all, and ${living} are stored here: nobody was asked for or deleted. Make sure that CLERK_SECRET_KEY and CLERK_API_URL are right.`,
  );
}
