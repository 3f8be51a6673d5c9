import { type Finding, ok, warning } from './check.ts';
import { EXTRA_TABLES, type UnmappedProperty } from './survey-properties.ts';
import { age, list, quantity } from './wording.ts';

/** Enough to see what Clerk has begun to send. */
const MOST_SHOWN = 8;
/** What Clerk calls a property; anything else is not shown, since nobody knows what it is. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

const WHAT_TO_DO =
  'Nothing is lost: the column extra has them. Look for a newer version of clerk-sync, or add columns as CONTRIBUTING.md says.';
const ABOUT_UNKEYED =
  "Under the name of a list, such as users.passkeys, stand those of its objects that came without an id and so can't be rows: ask Clerk why.";

/** Children without a key are kept under the name of their list. */
const isUnkeyedList = ({ table, property }: UnmappedProperty) => table === 'users' && EXTRA_TABLES.includes(property);

/** What Clerk sends and no column holds: nothing is lost, and nobody can query it with ease. */
export function checkProperties(found: readonly UnmappedProperty[], now: number = Date.now()): Finding {
  const named = found.filter(({ property }) => NAME.test(property));
  const properties = named.map(({ table, property, rows, since }) => ({ table, property, rows, since }));
  const details = { properties, without_a_name: found.length - named.length };
  if (found.length === 0) return ok('Everything that Clerk sends has its column.', details);
  const lines = named.map(
    ({ table, property, rows, since }) =>
      `${table}.${property}: in ${quantity(rows, 'row')}, the oldest as of ${age(since, now)}`,
  );
  const odd = found.length - named.length;
  if (odd > 0) lines.push(odd === 1 ? '1 property of an odd name' : `${odd} properties of odd names`);
  const isOne = lines.length === 1;
  return warning(
    isOne ? `No column holds ${lines[0]}.` : `No column holds:\n${list(lines, MOST_SHOWN, '\n')}`,
    found.some(isUnkeyedList) ? `${WHAT_TO_DO} ${ABOUT_UNKEYED}` : WHAT_TO_DO,
    details,
  );
}
