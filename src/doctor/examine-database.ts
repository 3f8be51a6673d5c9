import { type Check, type Finding, ok, skipped } from './check.ts';
import { checkClock } from './check-clock.ts';
import { checkMigrations } from './check-migrations.ts';
import { checkRights } from './check-rights.ts';
import { checkSchemaPart, SCHEMA_PARTS } from './check-schema.ts';
import {
  checkConnections,
  checkDurability,
  checkEncoding,
  checkVersion,
  checkWritable,
  describeConnectionFailure,
} from './check-server.ts';
import type { DifferenceKind } from './difference.ts';
import type { Examination } from './examination.ts';
import type { ServerFacts } from './survey-server.ts';

const SERVER_CHECKS: readonly (readonly [name: string, check: (server: ServerFacts, poolSize: number) => Finding])[] = [
  ['version', checkVersion],
  ['encoding', checkEncoding],
  ['writes', checkWritable],
  ['durability', checkDurability],
  ['connections', checkConnections],
  ['database clock', ({ clockOffsetMs }) => checkClock(clockOffsetMs, "the database's")],
];

/** The server, and what the role may do in it. Where it does not answer, all that would ask it is skipped. */
export async function examineDatabase(examination: Examination): Promise<Check[]> {
  const { options, run, getDatabase, giveUpDatabase } = examination;
  const connection = await run('connection', () => connect(examination));
  if (connection.status !== 'ok') giveUpDatabase(skipped('There is no connection to the database.'));
  const poolSize = options.database.state === 'configured' ? options.database.poolSize : 0;
  const checks = [connection];
  for (const [name, check] of SERVER_CHECKS) {
    checks.push(await run(name, async () => check(await getDatabase().server(), poolSize)));
  }
  const rights = await run('rights', async () => {
    const { server, schema } = getDatabase();
    return checkRights(await schema(), (await server()).role);
  });
  return [...checks, rights];
}

async function connect({ options: { database }, getDatabase }: Examination): Promise<Finding> {
  if (database.state === 'none') return database.finding;
  try {
    await getDatabase().server();
  } catch (error) {
    return describeConnectionFailure(database.name, error);
  }
  return ok(`The database ${database.name} answers.`);
}

/** Whether the tables are those of this version. */
export async function examineSchema({ options: { command }, run, getDatabase }: Examination): Promise<Check[]> {
  const checks = [await run('migrations', async () => checkMigrations(await getDatabase().migrations(), command))];
  for (const kind of Object.keys(SCHEMA_PARTS) as DifferenceKind[]) {
    const examine = async () => {
      const { migrations, differences } = getDatabase();
      const { state } = await migrations();
      if (state === 'missing') return skipped('There are no tables yet.');
      // Those of another version are others on purpose.
      if (state === 'pending' || state === 'newer')
        return skipped('The tables are of another version: see migrations.');
      return checkSchemaPart(kind, await differences(), command('doctor --json'));
    };
    checks.push(await run(kind, examine));
  }
  return checks;
}
