import { findPostgresError, findSqlState } from '../../db/errors/database-errors.ts';
import type { Pool } from '../../db/pool.ts';
import { OperatorError } from '../../errors.ts';
import { describeApiError, withApi } from '../../service/open-api.ts';
import { countTraces, findInstances, removeTraces, type Traces } from '../../users/instance-traces.ts';
import { abortOnSignal } from '../abort-on-signal.ts';
import type { CommandContext, ExitCode } from '../command-context.ts';
import { withDatabase } from '../open-database.ts';
import { formatTraces } from '../output/format-traces.ts';
import { formatJson } from '../output/format-values.ts';

export interface RemoveInstanceOptions {
  /** Removes; otherwise it is only shown. */
  yes?: boolean;
  /** Also the instance that the secret key belongs to. */
  force?: boolean;
  json?: boolean;
}

/** Of one batch, and of a count over a whole table. */
const TIMEOUT_MS = 60_000;

/** `remove-instance`: shows what is here of an instance, and with `--yes` removes it. */
export async function removeInstance(
  instanceId: string,
  options: RemoveInstanceOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const isChecked = options.force !== true && (await assertNotOwn(instanceId, context));
  const found = await withDatabase(context, async (pool) => {
    const traces = await pool.withTransaction((session) => countTraces(session, [instanceId]), {
      timeoutMs: TIMEOUT_MS,
    });
    if (Object.values(traces).every((rows) => rows === 0)) throw await describeUnknown(instanceId, pool);
    return options.yes === true ? remove(pool, instanceId) : traces;
  });
  if (options.json === true) {
    context.stdout(formatJson({ instance_id: instanceId, dry_run: options.yes !== true, rows: found }));
  } else {
    context.stdout(`${formatTraces(found)}\n${describeEnd(instanceId, { ...options, isChecked }, context.invocation)}`);
  }
  return 0;
}

/** @returns false where there is no key to tell. */
async function assertNotOwn(instanceId: string, { loadConfig, invocation }: CommandContext): Promise<boolean> {
  const config = loadConfig({ takesDeliveries: false });
  if (config.clerkSecretKey === undefined) return false;
  const own = await abortOnSignal((signal) => withApi(config, { signal }, (api) => api.getInstance())).catch(
    (error) => {
      throw describeApiError(error);
    },
  );
  if (own?.id !== instanceId) return own !== undefined;
  throw new OperatorError(
    'own_instance',
    `CLERK_SECRET_KEY belongs to ${instanceId}: its users are the right ones here.`,
    {
      hint: `Nothing was changed. If the key is the wrong one, correct it; \`${invocation} remove-instance ${instanceId} --force\` goes on in spite of it.`,
      exitCode: 2,
    },
  );
}

async function describeUnknown(instanceId: string, pool: Pool): Promise<OperatorError> {
  const known = await pool.withTransaction(findInstances, { timeoutMs: TIMEOUT_MS });
  return new OperatorError('unknown_instance', `No row here is of ${instanceId}.`, {
    hint: known.length === 0 ? 'No row here names an instance.' : `Instances here: ${known.join(', ')}.`,
    exitCode: 2,
  });
}

const FOREIGN_KEY_VIOLATION = '23503';

async function remove(pool: Pool, instanceId: string): Promise<Traces> {
  try {
    return await removeTraces(pool, [instanceId], TIMEOUT_MS);
  } catch (error) {
    if (findSqlState(error) !== FOREIGN_KEY_VIOLATION) throw error;
    const { table_name: table, constraint_name: constraint } = findPostgresError(error) ?? {};
    throw new OperatorError('referenced', `The table ${table} refers to users of ${instanceId} (${constraint}).`, {
      hint: 'Remove those rows of it first; then run this again: it finds what is left.',
      cause: error,
    });
  }
}

function describeEnd(
  instanceId: string,
  { yes, isChecked }: RemoveInstanceOptions & { readonly isChecked: boolean },
  invocation: string,
): string {
  if (yes === true) return `These rows were of ${instanceId}, and are removed.\n`;
  const unchecked = isChecked
    ? ''
    : "Without CLERK_SECRET_KEY, clerk-sync can't tell which instance belongs here. Check that yourself.\n";
  return `These rows are of ${instanceId}. Nothing was changed.
${unchecked}Take its webhook endpoint away in Clerk's dashboard first, or its users come back. Then:

  ${invocation} remove-instance ${instanceId} --yes
`;
}
