import type postgres from 'postgres';

/**
 * Everything that a dump of the database would hold, as one text: each row of each table of each schema, and the large
 * objects. `pg_dump` is no part of the embedded Postgres.
 */
export async function dumpText(sql: postgres.Sql): Promise<string> {
  const tables = await sql<{ name: string }[]>`
    select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and n.nspname !~ '^(pg_|information_schema$)' order by 1`;
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await sql.unsafe<{ row: string }[]>(`select '${name}: ' || t::text as row from ${name} t`);
    texts.push(...rows.map(({ row }) => row));
  }
  const objects = await sql<
    { text: string }[]
  >`select encode(lo_get(oid), 'escape') as text from pg_largeobject_metadata`;
  return [...texts, ...objects.map(({ text }) => text)].join('\n');
}
