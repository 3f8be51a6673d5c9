import type { Session } from '../../db/pool.ts';
import { OperatorError } from '../../errors.ts';
import { countUpdates, findUpdates, type UpdateFilter } from '../../user-updates/find-updates.ts';
import type { UpdateAction, UpdateState, UserUpdate } from '../../user-updates/user-update.ts';
import { assertPeriod } from '../program/assert-selected.ts';

/** The filter options of the command line. A list matches any of its values. */
export interface UpdateFilterOptions {
  action?: UpdateAction[];
  reason?: string[];
  property?: string[];
  user?: string[];
  since?: Date;
  until?: Date;
  state?: UpdateState[];
  limit?: number;
}

/** Requests, the oldest first, and how many there are without the limit. */
export interface UpdateSelection {
  readonly updates: readonly UserUpdate[];
  readonly matching: number;
}

/** The states that the options select. Only rejected requests have a reason. */
export function chooseStates(
  { state, reason, property }: UpdateFilterOptions,
  usual: readonly UpdateState[] = ['pending', 'sending'],
): readonly UpdateState[] {
  return state ?? (reason !== undefined || property !== undefined ? ['rejected'] : usual);
}

/** Reads the requests that the options select, and counts them. */
export async function selectUpdates(
  session: Session,
  options: UpdateFilterOptions,
  states: readonly UpdateState[] | undefined,
  ids?: readonly number[],
): Promise<UpdateSelection> {
  assertPeriod(options);
  const { action: actions, reason: reasons, property: properties, user: userIds, since, until, limit } = options;
  const filter: UpdateFilter = { actions, reasons, properties, userIds, since, until, limit, states, ids };
  const updates = await findUpdates(session, filter);
  const isComplete = limit === undefined || updates.length < limit;
  return { updates, matching: isComplete ? updates.length : await countUpdates(session, filter) };
}

/** @throws {OperatorError} for an id that no request has. */
export async function assertKnown(session: Session, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const known = new Set((await findUpdates(session, { ids })).map(({ id }) => id));
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length === 0) return;
  throw new OperatorError('user_update_not_found', `No update request has the id ${unknown.join(', ')}.`, {
    hint: 'Nothing was changed. `clerk-sync updates list` shows the requests that wait.',
  });
}
