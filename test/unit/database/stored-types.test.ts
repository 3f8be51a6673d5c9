import { expect, test } from 'vitest';
import type { deadLetters } from '../../../drizzle/schema/messages.ts';
import type { ChildValues, ListKey } from '../../../src/clerk/user/children.ts';
import type { DeadLetterWithBody } from '../../../src/dead-letters/dead-letter.ts';
import { userKeys } from '../../../src/sync/snapshots/snapshot.ts';
import type {
  ChildInsert,
  Disagreements,
  KeyDisagreements,
  MadeChildColumn,
  MadeUserColumn,
  StatedValues,
  UserInsert,
} from '../../../src/sync/snapshots/stored-types.ts';

/** Compiles only where there is no problem; what the tests below expect is an error of `tsc`, which checks this file. */
const agree = <_Problems extends never>() => true;

type UserKey = (typeof userKeys)[number];
type Stated = keyof StatedValues | ListKey;

test('what is read of a user, its columns and the bits of its keys agree', () => {
  expect([
    agree<Disagreements<StatedValues, UserInsert, MadeUserColumn>>(),
    agree<KeyDisagreements<Stated, UserKey>>(),
  ]).toEqual([true, true]);
});

test('a property of a user without a column does not compile', () => {
  type Read = StatedValues & { readonly nickname: string | null };
  // @ts-expect-error nickname has no column
  expect(agree<Disagreements<Read, UserInsert, MadeUserColumn>>()).toBe(true);
});

test('a column of users that nothing fills does not compile', () => {
  type Row = UserInsert & { nickname?: string | null };
  // @ts-expect-error nickname is a column that nothing fills
  expect(agree<Disagreements<StatedValues, Row, MadeUserColumn>>()).toBe(true);
});

test('a value that does not fit the type of its column does not compile', () => {
  type Row = Omit<UserInsert, 'gender' | 'created_at'> & { gender?: boolean | null; created_at?: Date | null };
  // @ts-expect-error gender is a text
  expect(agree<Disagreements<StatedValues, Row, MadeUserColumn>>()).toBe(true);
  // @ts-expect-error null does not fit a column that is not null
  expect(agree<Disagreements<{ birthday: string | null }, { birthday: string }, never>>()).toBe(true);
  // @ts-expect-error any JSON does not fit a text
  expect(agree<Disagreements<{ scim?: unknown }, { scim?: string | null }, never>>()).toBe(true);
});

test('a key that a snapshot can state, without a bit, does not compile; neither does a bit that nothing states', () => {
  // @ts-expect-error nickname has no bit
  expect(agree<KeyDisagreements<Stated | 'nickname', UserKey>>()).toBe(true);
  // @ts-expect-error nickname has a bit, and no snapshot states it
  expect(agree<KeyDisagreements<Stated, UserKey | 'nickname'>>()).toBe(true);
  expect(new Set(userKeys).size).toBe(userKeys.length);
});

test('the same holds for the objects of lists', () => {
  type Read = ChildValues<'passkeys'>;
  type Row = ChildInsert<'passkeys'>;
  expect(agree<Disagreements<Read, Row, MadeChildColumn>>()).toBe(true);
  // @ts-expect-error nickname has no column
  expect(agree<Disagreements<Read & { nickname?: string | null }, Row, MadeChildColumn>>()).toBe(true);
  // @ts-expect-error nickname is a column that nothing fills
  expect(agree<Disagreements<Read, Row & { nickname?: string | null }, MadeChildColumn>>()).toBe(true);
  type Altered = Omit<Row, 'last_used_at'> & { last_used_at?: string | null };
  // @ts-expect-error a time does not fit a text
  expect(agree<Disagreements<Read, Altered, MadeChildColumn>>()).toBe(true);
});

test('a dead letter as it is shown, and its row, say the same', () => {
  type Row = Readonly<typeof deadLetters.$inferSelect>;
  const fits = <_Wide, _Narrow extends _Wide>() => true;
  expect([fits<Row, DeadLetterWithBody>(), fits<DeadLetterWithBody, Row>()]).toEqual([true, true]);
});
