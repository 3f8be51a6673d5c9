import type { z } from 'zod';
import { type ClerkChild, type ListKey, listKeys } from './children.ts';
import { dropSecrets } from './drop-secrets.ts';
import { splitExtra } from './extra.ts';
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

const USER_KEYS: ReadonlySet<string> = new Set(Object.keys(userSchema.shape));

/**
 * Parses a user as webhooks and the Backend API carry it. Secrets go no further than this.
 *
 * @throws {InvalidEventError} `invalid_shape`, with the path of each property that has another type than Clerk's.
 */
export function parseUser(data: Record<string, unknown>): ClerkUser {
  const parsed = userSchema.safeParse(dropSecrets(data));
  if (!parsed.success) throw InvalidEventError.ofShape(parsed.error.issues.map(toIssue));
  const { values, extra } = splitExtra(parsed.data, USER_KEYS);
  const { id, updated_at: updatedAt, ...rest } = values as { id: string; updated_at?: Date | null };
  const lists: Partial<Record<ListKey, readonly ClerkChild[]>> = {};
  for (const key of listKeys) {
    if (key in rest) lists[key] = (takeKey(rest, key) as ClerkChild[] | null) ?? [];
  }
  return { id, updatedAt: updatedAt ?? undefined, values: rest, lists, extra };
}

function takeKey(object: Record<string, unknown>, key: string): unknown {
  const value = object[key];
  delete object[key];
  return value;
}

function toIssue({ path, message }: z.core.$ZodIssue): EventIssue {
  const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
  return { path: `data${steps.join('')}`, message };
}
