import { quoteName } from '../../../db/sql/quote-identifier.ts';
import { listSome } from '../../../text/list-some.ts';
import type { Check } from '../../check.ts';
import { type Finding, failed, ok } from '../../finding.ts';
import { OWN_TABLES, readTables, type SchemaFacts, type TableFacts } from '../data/read-tables.ts';
import { readServer } from './read-server.ts';

const RIGHTS = ['select', 'insert', 'update', 'delete'] as const;

/** On our own tables only: the schema may hold others. */
const GRANT = `grant ${RIGHTS.join(', ')} on ${OWN_TABLES.map((name) => `clerk.${name}`).join(', ')}`;

/** The program's own record of its migrations: the service only reads it. */
const RECORD = 'migrations';

/** Whether the role may do what the service does. If another role migrates, it needs no right to change tables. */
export const checkRights: Check = async ({ read }) => {
  const [schema, { role }] = [await read(readTables), await read(readServer)];
  if (!schema.exists) return checkCreation(schema, role);
  const to = quoteName(role);
  if (!schema.usage) {
    return failed(
      `The role ${role} may not use the schema clerk.`,
      `As ${schema.owner}: grant usage on schema clerk to ${to}; ${GRANT} to ${to};`,
    );
  }
  const tables = [...schema.tables.values()];
  const lacking = tables.flatMap((table) => listLacking(table));
  if (lacking.length > 0) {
    return failed(`The role ${role} may not ${listSome(lacking)}.`, `As ${schema.owner}: ${GRANT} to ${to};`, {
      lacking,
    });
  }
  const hidden = tables.filter(({ rowSecurity }) => rowSecurity).map(({ name }) => name);
  if (hidden.length > 0) {
    return failed(
      `Row security on ${listSome(hidden)} hides rows from the role ${role}, or refuses its writes.`,
      `alter table clerk.${quoteName(hidden[0] ?? '')} disable row level security; -- or, as a superuser: alter role ${to} bypassrls;`,
      { row_security: hidden },
    );
  }
  return ok(describeMigrating(schema, role));
};

function checkCreation({ create }: SchemaFacts, role: string): Finding {
  if (create) return ok(`There is no schema clerk yet. The role ${role} may make it.`);
  return failed(
    `There is no schema clerk, and the role ${role} may not make it.`,
    `As the owner of the database: create schema clerk authorization ${quoteName(role)};`,
  );
}

function listLacking(table: TableFacts): string[] {
  const needed = table.name === RECORD ? (['select'] as const) : RIGHTS;
  return needed.filter((right) => !table[right]).map((right) => `${right} ${table.name}`);
}

function describeMigrating({ create, owner, tables }: SchemaFacts, role: string): string {
  const migrates = create && [...tables.values()].every(({ owned }) => owned);
  return migrates
    ? `The role ${role} may read, write and migrate.`
    : `The role ${role} may read and write. Only the owner, ${owner}, may migrate.`;
}
