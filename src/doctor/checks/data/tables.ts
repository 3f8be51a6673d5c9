import { formatAge } from '../../../text/format-age.ts';
import { formatCount } from '../../../text/format-quantity.ts';
import { listSome } from '../../../text/list-some.ts';
import type { Check } from '../../check.ts';
import { ok, skipped, warning } from '../../finding.ts';
import { readServer } from '../database/read-server.ts';
import { readTables, type TableFacts } from './read-tables.ts';

const MOST_SHOWN = 4;
const NO_TABLES = skipped('There are no tables yet.');

/** How large the tables are. The largest comes first. */
export const checkSizes: Check = async ({ read }) => {
  const { tables } = await read(readTables);
  if (tables.size === 0) return NO_TABLES;
  const sorted = [...tables.values()].sort((one, other) => other.totalBytes - one.totalBytes);
  const total = sorted.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
  const largest = sorted.slice(0, MOST_SHOWN).map(({ name, totalBytes }) => `${name} ${formatBytes(totalBytes)}`);
  return ok(`${formatBytes(total)} with indexes: ${listSome(largest)}.`, {
    total_bytes: total,
    tables: Object.fromEntries(
      sorted.map(({ name, totalBytes, liveRows, deadRows, lastVacuumAt }) => [
        name,
        { bytes: totalBytes, live_rows: liveRows, dead_rows: deadRows, last_vacuum_at: lastVacuumAt },
      ]),
    ),
  });
};

/** `12 MB`, in powers of 1,024. */
function formatBytes(count: number): string {
  const power = Math.min(4, Math.floor(Math.log2(Math.max(count, 1)) / 10));
  const scaled = count / 1024 ** power;
  return `${scaled < 10 && power > 0 ? scaled.toFixed(1) : Math.round(scaled)} ${['bytes', 'kB', 'MB', 'GB', 'TB'][power]}`;
}

/** Autovacuum comes at a fifth by default. With fewer dead rows than this nobody notices. */
const DEAD_SHARE = 0.4;
const FEW_ROWS = 10_000;

/** Whether Postgres removes the dead rows that updates leave behind. If not, tables grow and statements get slow. */
export const checkVacuum: Check = async ({ read }) => {
  const tables = [...(await read(readTables)).tables.values()];
  const { autovacuum } = await read(readServer);
  if (tables.length === 0) return NO_TABLES;
  if (!autovacuum) {
    return warning(
      'autovacuum or track_counts is off. Dead rows stay, and the tables grow.',
      'As a superuser: alter system set autovacuum = on; alter system set track_counts = on; select pg_reload_conf();',
    );
  }
  const off = tables.filter((table) => !table.autovacuum).map(({ name }) => name);
  const [first] = off;
  if (first !== undefined) {
    return warning(
      `autovacuum is switched off for ${listSome(off)}.`,
      `alter table clerk.${first} reset (autovacuum_enabled);`,
      { switched_off: off },
    );
  }
  const bloated = tables.filter(isBloated);
  const [worst] = bloated;
  if (worst === undefined) return ok('No table has many dead rows.');
  return warning(
    `${listSome(bloated.map(describeBloat), MOST_SHOWN, '\n')}.`,
    `vacuum (analyze) clerk.${worst.name}; -- If they stay, look for a transaction that was left open, or for a replication slot that nobody uses: both stop vacuum.`,
    {
      bloated: bloated.map(({ name, liveRows, deadRows }) => ({
        table: name,
        live_rows: liveRows,
        dead_rows: deadRows,
      })),
    },
  );
};

function isBloated({ liveRows, deadRows }: TableFacts): boolean {
  return deadRows > FEW_ROWS && deadRows > DEAD_SHARE * liveRows;
}

function describeBloat({ name, liveRows, deadRows, lastVacuumAt }: TableFacts): string {
  const vacuumed = lastVacuumAt === null ? 'was never vacuumed' : `was vacuumed ${formatAge(lastVacuumAt)}`;
  return `${name} has ${formatCount(deadRows)} dead and ${formatCount(liveRows)} live rows, and ${vacuumed}`;
}
