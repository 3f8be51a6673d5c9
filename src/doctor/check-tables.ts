import { type Finding, ok, skipped, warning } from './check.ts';
import type { SchemaFacts, TableFacts } from './survey-tables.ts';
import { age, bytes, list } from './wording.ts';

const MOST_SHOWN = 4;

/** How large the tables are, the largest first. */
export function checkSizes({ tables }: SchemaFacts): Finding {
  if (tables.size === 0) return skipped('There are no tables yet.');
  const sorted = [...tables.values()].sort((one, other) => other.totalBytes - one.totalBytes);
  const total = sorted.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
  const largest = sorted.slice(0, MOST_SHOWN).map(({ name, totalBytes }) => `${name} ${bytes(totalBytes)}`);
  return ok(`${bytes(total)} with indexes: ${list(largest)}.`, {
    total_bytes: total,
    tables: Object.fromEntries(
      sorted.map(({ name, totalBytes, liveRows, deadRows, lastVacuumAt }) => [
        name,
        { bytes: totalBytes, live_rows: liveRows, dead_rows: deadRows, last_vacuum_at: lastVacuumAt },
      ]),
    ),
  });
}

/** Autovacuum comes at a fifth, by default; below so many rows nobody notices. */
const DEAD_SHARE = 0.4;
const FEW_ROWS = 10_000;

/** Whether somebody clears away what updates leave behind: else tables grow, and statements slow down. */
export function checkVacuum({ tables }: SchemaFacts, autovacuum: boolean, now: number = Date.now()): Finding {
  if (tables.size === 0) return skipped('There are no tables yet.');
  if (!autovacuum) {
    return warning(
      'autovacuum or track_counts is off: what updates leave behind stays, and the tables grow.',
      'As a superuser: alter system set autovacuum = on; alter system set track_counts = on; select pg_reload_conf();',
    );
  }
  const off = [...tables.values()].filter((table) => !table.autovacuum).map(({ name }) => name);
  const [first] = off;
  if (first !== undefined) {
    return warning(
      `autovacuum is switched off for ${list(off)}.`,
      `alter table clerk.${first} reset (autovacuum_enabled);`,
      { switched_off: off },
    );
  }
  const bloated = [...tables.values()].filter(isBloated);
  const [worst] = bloated;
  if (worst === undefined) return ok('No table has many dead rows.');
  const described = bloated.map((table) => describeBloat(table, now));
  return warning(
    `${list(described, MOST_SHOWN, '\n')}.`,
    `vacuum (analyze) clerk.${worst.name}; -- and look for a transaction that was left open, or an abandoned replication slot: they keep vacuum from its work.`,
    {
      bloated: bloated.map(({ name, liveRows, deadRows }) => ({
        table: name,
        live_rows: liveRows,
        dead_rows: deadRows,
      })),
    },
  );
}

function isBloated({ liveRows, deadRows }: TableFacts): boolean {
  return deadRows > FEW_ROWS && deadRows > DEAD_SHARE * liveRows;
}

function describeBloat({ name, liveRows, deadRows, lastVacuumAt }: TableFacts, now: number): string {
  const vacuumed = lastVacuumAt === null ? 'never vacuumed' : `vacuumed ${age(lastVacuumAt, now)}`;
  return `${name} has ${deadRows.toLocaleString('en-US')} dead rows beside ${liveRows.toLocaleString('en-US')} living ones, ${vacuumed}`;
}
