import type { Session } from '../db/pool.ts';
import type { Difference, DifferenceKind } from './difference.ts';
import { OWN_TABLE_LIST } from './own-tables.ts';
import { quoteName } from './wording.ts';

interface Hazard {
  readonly hazard: keyof typeof DESCRIPTIONS;
  readonly name: string;
  /** The table of ours. */
  readonly table: string;
  /** The table of somebody else's, qualified, where it is one that refers to ours. */
  readonly other: string | null;
}

/** How the comment of a trigger begins that an operator wants as it is. */
const ACCEPTED = 'clerk-sync: accepted';

/**
 * What a definition does not show. A foreign key from elsewhere to `users` is welcome, since its rows stay; one to a child
 * table refuses the deletion of a child. Internal triggers are those of foreign keys: switched off, as a restore does
 * and some leave behind, they let orphans in. A trigger that waits for the commit is the way to react to a change, and one
 * whose comment says so is the operator's choice.
 */
const STATEMENT = `
  with ours as (
    select oid, relname, relpersistence from pg_class
    where relnamespace = to_regnamespace('clerk') and relkind in ('r', 'p') and relname in (${OWN_TABLE_LIST})
  )
  select 'invalid index' as hazard, i.relname::text as name, ours.relname::text as table, null as other
  from pg_index join ours on ours.oid = indrelid join pg_class i on i.oid = indexrelid
  where not indisvalid or not indisready
  union all
  select 'unlogged table', '', relname::text, null from ours where relpersistence <> 'p'
  union all
  select case when tgisinternal then 'disabled key' else 'trigger' end, tgname::text, ours.relname::text, null
  from pg_trigger join ours on ours.oid = tgrelid
  where case when tgisinternal then tgenabled <> 'O' else not (
    tgconstraint <> 0 and tgdeferrable and tginitdeferred
    or coalesce(obj_description(pg_trigger.oid, 'pg_trigger') like '${ACCEPTED}%', false)
  ) end
  union all
  select 'rule', rulename::text, ours.relname::text, null from pg_rewrite join ours on ours.oid = ev_class
  union all
  select 'reference', conname::text, ours.relname::text, conrelid::regclass::text
  from pg_constraint join ours on ours.oid = confrelid
  where contype = 'f' and ours.relname <> 'users' and confdeltype in ('a', 'r')
    and not exists (select from ours as referring where referring.oid = conrelid)
  order by 1, 3, 2
  limit 200`;

type Description = Omit<Difference, 'kind'> & { readonly kind: DifferenceKind };

const DESCRIPTIONS = {
  'invalid index': ({ name }: Hazard): Description => ({
    kind: 'indexes',
    status: 'warning',
    text: `the index ${name} is invalid: its building did not end`,
    remedy: `reindex index concurrently clerk.${quoteName(name)};`,
  }),
  'unlogged table': ({ table }: Hazard): Description => ({
    kind: 'columns',
    status: 'failed',
    text: `the table ${table} is unlogged: a crash empties it`,
    remedy: `alter table clerk.${quoteName(table)} set logged;`,
  }),
  trigger: ({ name, table }: Hazard): Description => ({
    kind: 'triggers',
    status: 'warning',
    text: `the trigger ${name} on ${table} is not clerk-sync's: it runs before the whole user is written, and what it refuses becomes a dead letter`,
    remedy: `Make it deferrable initially deferred: docs/reacting.md. To keep it: comment on trigger ${quoteName(name)} on clerk.${quoteName(table)} is '${ACCEPTED}';`,
  }),
  'disabled key': ({ table }: Hazard): Description => ({
    kind: 'triggers',
    status: 'failed',
    text: `the foreign keys of ${table} are switched off`,
    remedy: `alter table clerk.${quoteName(table)} enable trigger all;`,
  }),
  rule: ({ name, table }: Hazard): Description => ({
    kind: 'triggers',
    status: 'failed',
    text: `the rule ${name} on ${table} changes what is written`,
    remedy: `drop rule ${quoteName(name)} on clerk.${quoteName(table)};`,
  }),
  reference: ({ name, table, other }: Hazard): Description => ({
    kind: 'constraints',
    status: 'failed',
    text: `${name} of ${other} refers to ${table}, whose rows come and go: refer to clerk.users`,
    remedy: `alter table ${other} drop constraint ${quoteName(name)};`,
  }),
} as const;

/** Finds what can refuse, lose or change what the program writes, beside the definitions of its own tables. */
export async function findHazards(session: Session): Promise<Difference[]> {
  const hazards = await session.run<Hazard>(STATEMENT);
  const differences = hazards.map((hazard) => DESCRIPTIONS[hazard.hazard](hazard));
  // Each foreign key has two triggers on each side.
  return [...new Map(differences.map((difference) => [difference.text, difference])).values()];
}
