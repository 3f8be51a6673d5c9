import * as v from 'valibot';
import { InvalidEventError, toIssue } from '../invalid-event-error.ts';
import { dropSecrets } from '../json/drop-secrets.ts';
import { type ClerkChild, findChildId, type ListKey, listKeys, makeChild } from './children.ts';
import { findExtra } from './extra.ts';
import { describeIssue } from './fields.ts';
import { userSchema } from './user.ts';

/** What Clerk's User says of itself, without its lists and what is no statement: the key, and the first part of its version. */
export type UserValues = Readonly<Omit<v.InferOutput<typeof userSchema>, 'id' | 'updated_at' | ListKey>>;

/** A user as Clerk states it. `values` has a key for each property that was sent; null is a statement, absence is none. */
export interface ClerkUser {
  readonly id: string;
  /** Undefined where Clerk left it out. */
  readonly updatedAt: Date | undefined;
  readonly values: UserValues;
  readonly lists: Readonly<Partial<Record<ListKey, readonly ClerkChild[]>>>;
  readonly extra: Readonly<Record<string, unknown>>;
}

type Properties = Record<string, unknown>;

const USER_KEYS: ReadonlySet<string> = new Set(Object.keys(userSchema.entries));
const LIST_KEYS: ReadonlySet<string> = new Set(listKeys);
/** Columns that are not among a snapshot's values: the key, and the first part of its version. */
const VERSION_KEYS: ReadonlySet<string> = new Set(['id', 'updated_at']);

/**
 * Parses a user as webhooks and the Backend API carry it. Secrets go no further than this.
 *
 * @throws {InvalidEventError} `invalid_shape`, with the path of each property that has another type than Clerk's.
 */
export function parseUser(data: Properties): ClerkUser {
  const sent = dropSecrets(data) as Properties;
  const parsed = v.safeParse(userSchema, sent, { message: describeIssue });
  if (!parsed.success) throw InvalidEventError.ofShape(parsed.issues.map((issue) => toIssue(issue, 'data')));
  const values: Properties = {};
  const lists: Partial<Record<ListKey, readonly ClerkChild[]>> = {};
  const extra = findExtra(sent, USER_KEYS);
  for (const [key, value] of Object.entries(parsed.output)) {
    if (LIST_KEYS.has(key)) addList({ lists, extra }, key as ListKey, value, sent[key]);
    else if (!VERSION_KEYS.has(key)) values[key] = value;
  }
  const { id, updated_at: updatedAt } = parsed.output;
  return { id, updatedAt: updatedAt ?? undefined, values, lists, extra };
}

/** Keeps children that have no key, as they were sent, in the user's `extra` under the name of their list. */
function addList(
  { lists, extra }: { lists: Partial<Record<ListKey, readonly ClerkChild[]>>; extra: Properties },
  key: ListKey,
  values: unknown,
  sent: unknown,
): void {
  const children = ((values ?? []) as Properties[]).map((value, index) => {
    const child = (sent as Properties[])[index] as Properties;
    return { child, id: findChildId(key, child), value };
  });
  lists[key] = children.flatMap(({ child, id, value }) => (id === undefined ? [] : [makeChild(key, id, value, child)]));
  const unkeyed = children.filter(({ id }) => id === undefined).map(({ child }) => child);
  if (unkeyed.length > 0) extra[key] = unkeyed;
}
