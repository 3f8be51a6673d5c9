import { migrate, printMigrationSql } from '../../db/migrations/migrate.ts';
import { getQualifier } from '../../db/sql/qualify.ts';
import type { DatabaseTarget } from '../../db/target/database-target.ts';
import { withWorkPool } from '../../db/with-work-pool.ts';
import { usageError } from '../../errors.ts';
import { assertRole, grantReadonly, type ReadonlyRole } from '../../roles/grant-readonly.ts';
import { makeReadonlyStatements } from '../../roles/readonly-grants.ts';
import { escapeText } from '../../text/escape-text.ts';
import { listSome } from '../../text/list-some.ts';
import { printAnswer } from '../output/print-answer.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { withDatabaseTarget } from '../program/open-database.ts';

/** The options of `migrate`. */
export interface MigrateCommandOptions {
  printSql?: boolean;
  /** A role that gets the right to read. */
  grantReadonly?: string;
  withPrivateMetadata?: boolean;
  json?: boolean;
}

/**
 * `migrate`: applies the pending migrations, or prints their SQL with `--print-sql`. With `--grant-readonly` it then gives a
 * role the right to read.
 *
 * @returns 3 if the role can read more than it was given.
 */
export async function runMigrations(options: MigrateCommandOptions, context: CommandContext): Promise<ExitCode> {
  const reader = readReader(options);
  return withDatabaseTarget<ExitCode>(context, async (target) => {
    if (options.printSql === true) {
      const sql = [await printMigrationSql(target), printGrants(target, reader)]
        .filter((text) => text !== '')
        .join('\n');
      const nothing = '-- Nothing to do: the database is up to date.\n';
      printAnswer(context, options, { json: () => ({ sql }), text: () => sql || nothing });
      return 0;
    }
    const { applied, leaks } = await migrateAndGrant(target, reader);
    printAnswer(context, options, {
      json: () => ({
        applied,
        ...(reader && { granted: { role: reader.role, reads_nevertheless: leaks } }),
      }),
      text: () => `${formatApplied(applied)}${reader === undefined ? '' : formatGrant(reader, leaks)}`,
    });
    return leaks.length > 0 ? 3 : 0;
  });
}

function readReader({
  grantReadonly: role,
  withPrivateMetadata = false,
}: MigrateCommandOptions): ReadonlyRole | undefined {
  if (role !== undefined) return { role, withPrivateMetadata };
  if (!withPrivateMetadata) return undefined;
  throw usageError('--with-private-metadata needs --grant-readonly with the name of a role.');
}

async function migrateAndGrant(target: DatabaseTarget, reader: ReadonlyRole | undefined) {
  if (reader === undefined) return { ...(await migrate(target)), leaks: [] };
  return withWorkPool({ target, size: 1, applicationName: 'clerk-sync migrate' }, async (pool) => {
    await assertRole(pool, reader.role);
    const { applied } = await migrate(target);
    return { applied, leaks: await grantReadonly(pool, reader) };
  });
}

function printGrants({ schema }: DatabaseTarget, reader: ReadonlyRole | undefined): string {
  if (reader === undefined) return '';
  const statements = makeReadonlyStatements(reader.role, reader.withPrivateMetadata);
  return `begin;\n${statements.map((text) => `${getQualifier(schema)(text)};\n`).join('')}commit;\n`;
}

function formatApplied(applied: readonly string[]): string {
  if (applied.length === 0) return 'Nothing to do: the database is up to date.\n';
  return applied.map((name) => `applied ${name}\n`).join('');
}

function formatGrant({ role, withPrivateMetadata }: ReadonlyRole, leaks: readonly string[]): string {
  const name = escapeText(role);
  const but = withPrivateMetadata
    ? ''
    : ' It may not read private_metadata, so it must name the columns of users and active_users.';
  const done = `The role ${name} may read.${but}\nRun this again after each upgrade: new tables and columns are not granted by themselves.\n`;
  if (leaks.length === 0) return done;
  return `${done}But it can read ${listSome(leaks)} all the same. It is a superuser, an owner, or a member of another role: take that right from it.\n`;
}
