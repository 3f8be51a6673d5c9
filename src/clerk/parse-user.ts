import * as v from 'valibot';
import { type ClerkChild, type ListKey, listKeys, makeChild } from './children.ts';
import { dropSecrets } from './drop-secrets.ts';
import { normalizeExternalAccount } from './external-account.ts';
import { findExtra } from './extra.ts';
import { describeIssue } from './fields.ts';
import { type EventIssue, InvalidEventError } from './invalid-event-error.ts';
import { userSchema } from './user.ts';

/** A user as Clerk states it. `values` has a key for each property that was sent; null is a statement, absence is none. */
export interface ClerkUser {
  readonly id: string;
  /** Undefined where Clerk left it out. */
  readonly updatedAt: Date | undefined;
  readonly values: Readonly<Record<string, unknown>>;
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
  const sent = normalizeAccounts(dropSecrets(data) as Properties);
  const parsed = v.safeParse(userSchema, sent, { message: describeIssue });
  if (!parsed.success) throw InvalidEventError.ofShape(parsed.issues.map(toIssue));
  const values: Properties = {};
  const lists: Partial<Record<ListKey, readonly ClerkChild[]>> = {};
  for (const [key, value] of Object.entries(parsed.output)) {
    if (LIST_KEYS.has(key)) lists[key as ListKey] = makeList(key as ListKey, value, sent[key]);
    else if (!VERSION_KEYS.has(key)) values[key] = value;
  }
  const { id, updated_at: updatedAt } = parsed.output;
  return { id, updatedAt: updatedAt ?? undefined, values, lists, extra: findExtra(sent, USER_KEYS) };
}

function makeList(key: ListKey, values: unknown, sent: unknown): ClerkChild[] {
  if (values === null) return [];
  return (values as Properties[]).map((value, index) =>
    makeChild(value, (sent as Properties[])[index] as Properties, { key, index }),
  );
}

/** What is no list of objects is left for the schema to complain of. */
function normalizeAccounts(user: Properties): Properties {
  const { external_accounts: accounts } = user;
  if (!Array.isArray(accounts) || accounts.length === 0) return user;
  const normalized = accounts.map((account: unknown) =>
    typeof account === 'object' && account !== null ? normalizeExternalAccount(account as Properties) : account,
  );
  return { ...user, external_accounts: normalized };
}

function toIssue({ path, message }: v.BaseIssue<unknown>): EventIssue {
  const steps = (path ?? []).map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`));
  return { path: `data${steps.join('')}`, message };
}
