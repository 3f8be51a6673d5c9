import type { childTables } from '../../../drizzle/schema/child-tables.ts';
import type { users } from '../../../drizzle/schema/users.ts';
import type { ChildValues, ListKey } from '../../clerk/user/children.ts';
import type { RawNumber } from '../../clerk/user/fields.ts';
import type { UserValues } from '../../clerk/user/parse-user.ts';

/** A property beside what is wrong with it, as an error of the compiler shows it. */
type Problem<Key, What extends string> = Key extends PropertyKey ? Readonly<Record<Key, What>> : never;

/** `jsonb` takes whatever JSON can say. A count may be one whose digits a double does not hold. */
type Storable<Value> = number extends Value ? Value | RawNumber : Value;

type MisfitKeys<Values, Row> = {
  [Key in keyof Values & keyof Row]-?: [Values[Key]] extends [Storable<Row[Key]>] ? never : Key;
}[keyof Values & keyof Row];

/**
 * What the parser reads and a table do not agree about. `never` if all is well.
 *
 * @typeParam Values what the parser makes, by property.
 * @typeParam Row what an insert takes, by column.
 * @typeParam Made the columns that are filled with something else than a property of their name.
 */
export type Disagreements<Values, Row, Made extends keyof Row> =
  | Problem<Exclude<keyof Values, keyof Row>, 'has no column: make one, or leave the property to `extra`'>
  | Problem<Exclude<keyof Row, keyof Values | Made>, 'is a column that nothing fills'>
  | Problem<MisfitKeys<Values, Row>, 'does not fit the type of its column'>;

/** The keys that a snapshot can state and that have no bit, and the reverse. `never` if all is well. */
export type KeyDisagreements<Stated, Key> =
  | Problem<Exclude<Stated, Key>, 'has no bit: append it to `userKeys`'>
  | Problem<Exclude<Key, Stated>, 'has a bit, and no snapshot states it'>;

/** The type itself. It compiles only if there are no problems. */
export type Agreeing<Type, _Problems extends never> = Type;

/** What an insert into `users` takes. */
export type UserInsert = typeof users.$inferInsert;

/** Filled by the write path itself. */
export type MadeUserColumn =
  | 'id'
  | 'updated_at'
  | 'extra'
  | 'observed_at'
  | 'last_message_id'
  | 'synced_at'
  | 'deleted_at'
  | 'stated_keys'
  | 'older_keys';

/** What a snapshot can state of a user, by column of `users`: what Clerk sends, and the instance that it is of. */
export type StatedValues = UserValues & { readonly instance_id?: string | null };

/** The same, if each has its column. */
export type StatedColumns = Agreeing<StatedValues, Disagreements<StatedValues, UserInsert, MadeUserColumn>>;

/** What an insert into the table of a list takes. */
export type ChildInsert<Key extends ListKey> = (typeof childTables)[Key]['$inferInsert'];

/** Filled by `makeChild` and by the write path. */
export type MadeChildColumn = 'user_id' | 'id' | 'verification_status' | 'verification_strategy' | 'extra';

/** The lists that a snapshot can state. */
export type StoredListKey = Agreeing<
  ListKey,
  { [Key in ListKey]: Disagreements<ChildValues<Key>, ChildInsert<Key>, MadeChildColumn> }[ListKey]
>;
