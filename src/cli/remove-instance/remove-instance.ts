import { findPostgresError, findSqlState } from '../../db/errors/database-errors.ts';
import type { Pool } from '../../db/pool.ts';
import { OperatorError } from '../../errors.ts';
import { describeApiError, withApi } from '../../service/open-api.ts';
import { countTraces, findInstances, removeTraces, type Traces } from '../../users/instance-traces.ts';
import { formatTraces } from '../output/format-traces.ts';
import { printAnswer } from '../output/print-answer.ts';
import { abortOnSignal } from '../program/abort-on-signal.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { withDatabase } from '../program/open-database.ts';

/** The options of `remove-instance`. */
export interface RemoveInstanceOptions {
  yes?: boolean;
  /** Also removes the instance that the secret key belongs to. */
  force?: boolean;
  json?: boolean;
}

/** For one batch, and for a count over a whole table. */
const LIMIT = { timeoutMs: 60_000 };

/**
 * `remove-instance`: shows what is here of an instance, and removes it with `--yes` or after a yes at the terminal.
 * Where nobody can be asked, it only shows it.
 */
export async function removeInstance(
  instanceId: string,
  options: RemoveInstanceOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const isChecked = options.force !== true && (await assertNotOwn(instanceId, context));
  const print = (rows: Traces, text: string, dryRun: boolean) =>
    printAnswer(context, options, {
      json: () => ({ instance_id: instanceId, dry_run: dryRun, rows }),
      text: () => `${formatTraces(rows)}\n${text}`,
    });
  await withDatabase(context, async (pool) => {
    const traces = await pool.withTransaction((session) => countTraces(session, [instanceId]), LIMIT);
    if (Object.values(traces).every((rows) => rows === 0)) throw await describeUnknown(instanceId, pool);
    if (options.yes !== true) {
      print(traces, describeRows(instanceId, isChecked), true);
      if (context.ask === undefined || options.json === true) return;
      const isSure = await context.ask(`Remove all rows of ${instanceId}?`);
      if (!isSure) throw new OperatorError('declined', 'Nothing was changed.');
    }
    print(await remove(pool, instanceId), `These rows of ${instanceId} were removed.\n`, false);
  });
  return 0;
}

/** @returns false if there is no key, so that nobody knows which instance belongs here. */
async function assertNotOwn(instanceId: string, { loadConfig }: CommandContext): Promise<boolean> {
  const config = loadConfig({ takesDeliveries: false });
  if (config.clerkSecretKey === undefined) return false;
  const ask = abortOnSignal((signal) => withApi(config, { signal }, (api) => api.getInstance()));
  const own = await ask.catch((error) => {
    throw describeApiError(error);
  });
  if (own?.id !== instanceId) return own !== undefined;
  throw new OperatorError('own_instance', `CLERK_SECRET_KEY belongs to ${instanceId}, so its users belong here.`, {
    hint: `Nothing was changed. If the key is wrong, correct it. \`clerk-sync remove-instance ${instanceId} --force\` removes the instance anyway.`,
    exitCode: 2,
  });
}

async function describeUnknown(instanceId: string, pool: Pool): Promise<OperatorError> {
  const known = await pool.withTransaction(findInstances, LIMIT);
  return new OperatorError('unknown_instance', `No row here belongs to ${instanceId}.`, {
    hint: known.length === 0 ? 'No row here names an instance.' : `Instances here: ${known.join(', ')}.`,
    exitCode: 2,
  });
}

const FOREIGN_KEY_VIOLATION = '23503';

async function remove(pool: Pool, instanceId: string): Promise<Traces> {
  try {
    return await removeTraces(pool, [instanceId], LIMIT.timeoutMs);
  } catch (error) {
    if (findSqlState(error) !== FOREIGN_KEY_VIOLATION) throw error;
    const { table_name: table, constraint_name: constraint } = findPostgresError(error) ?? {};
    const message = `The table ${table} has rows that refer to users of ${instanceId} (${constraint}).`;
    const hint = 'Remove those rows first, then run this again: it continues with what is left.';
    throw new OperatorError('referenced', message, { hint, cause: error });
  }
}

function describeRows(instanceId: string, isChecked: boolean): string {
  const unchecked = isChecked
    ? ''
    : 'Without CLERK_SECRET_KEY, clerk-sync does not know which instance belongs here. Check that yourself.\n';
  return `These rows belong to ${instanceId}. Nothing was changed.
${unchecked}Before you remove them, delete the webhook endpoint of this instance in Clerk's dashboard, or its users come back. Then:

  clerk-sync remove-instance ${instanceId} --yes
`;
}
