import { sql } from 'drizzle-orm';
import { processes } from '../../../../drizzle/schema/processes.ts';
import { defineStatement } from '../../../db/sql/define-statement.ts';
import { epochMs, readTime } from '../../../db/sql/wire-time.ts';
import { formatAge } from '../../../text/format-age.ts';
import { formatQuantity } from '../../../text/format-quantity.ts';
import { listSome } from '../../../text/list-some.ts';
import type { Check } from '../../check.ts';
import { ok, warning } from '../../finding.ts';
import type { Reader } from '../../reader.ts';

/** One process of the service. */
interface SeenProcess {
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: Date;
  /** Whether it wrote its row within the last minute. */
  readonly isAlive: boolean;
}

const { version, host, pid, started_at, seen_at } = processes;

const FIND = defineStatement(
  'survey the processes',
  sql`
  select ${version}, ${host}, ${pid}, ${epochMs(started_at)} as "startedAt",
    ${seen_at} > now() - interval '1 minute' as "isAlive"
  from ${processes} order by ${started_at}, ${host}, ${pid} limit 1000`,
);

function readProcesses(reader: Reader): Promise<SeenProcess[]> {
  return reader.read(async (session) => {
    const rows = await session.run<Omit<SeenProcess, 'startedAt'> & { startedAt: string }>(FIND);
    return rows.map((row) => ({ ...row, startedAt: readTime(row.startedAt) }));
  });
}

/** Which processes of the service run. An application that uses the library has no row. */
export const checkProcesses: Check = async ({ read }) => {
  const all = await read(readProcesses);
  const alive = all.filter(({ isAlive }) => isAlive);
  const lost = all.length - alive.length;
  const versions = [...new Set(alive.map((process) => process.version))].sort();
  const details = { alive: alive.map(({ isAlive: _, ...process }) => process), lost };
  const ended =
    lost === 0 ? '' : ` ${formatQuantity(lost, 'process', 'processes')} ended in the last hour without a stop.`;
  if (all.length === 0) return ok('None was seen in the last hour.', details);
  if (alive.length === 0) {
    return warning(`None was seen in the last minute.${ended}`, 'Read the log of the service, and start it.', details);
  }
  const found = `${formatQuantity(alive.length, 'process runs', 'processes run')}: ${listSome(alive.map(describe), 5, '; ')}.${ended}`;
  if (versions.length === 1) return ok(found, details);
  return warning(
    `${found} Their versions differ: ${listSome(versions)}.`,
    'That is right during an upgrade. Otherwise stop the processes of the old version.',
    details,
  );
};

function describe({ version: running, host: machine, pid: number, startedAt }: SeenProcess): string {
  return `${running} on ${machine} (process ${number}), started ${formatAge(startedAt)}`;
}
