import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type postgres from 'postgres';

const run = promisify(execFile);

/**
 * Everything that the database holds, as one text, with a line for each row. It is what `pg_dump` writes, if one is installed that
 * is not older than the server. The embedded Postgres has none. `TEST_DATABASE_URL` names another server.
 */
export async function dumpText(sql: postgres.Sql): Promise<string> {
  return (await canDump(sql)) ? dump(sql) : selectEverything(sql);
}

async function canDump(sql: postgres.Sql): Promise<boolean> {
  const [row] = await sql`select current_setting('server_version_num')::int / 10000 as major`;
  const version = await run('pg_dump', ['--version']).catch(() => ({ stdout: '' }));
  return Number(/(\d+)\./.exec(version.stdout)?.[1]) >= row?.major;
}

async function dump({ options }: postgres.Sql): Promise<string> {
  const [host = '', port = ''] = [options.host[0], String(options.port[0])];
  const password = typeof options.pass === 'string' ? options.pass : '';
  const connection = { PGHOST: host, PGPORT: port, PGDATABASE: options.database, PGUSER: options.user };
  const env = { ...process.env, ...connection, PGPASSWORD: password };
  return (await run('pg_dump', { env, maxBuffer: 1e9 })).stdout;
}

/** Each row of each table of each schema, and the large objects. */
async function selectEverything(sql: postgres.Sql): Promise<string> {
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
