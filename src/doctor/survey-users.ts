import { isSampleInstance } from '../samples/sample-instances.ts';
import type { Reader } from './reader.ts';
import { scan } from './scan.ts';
import type { TableFacts } from './survey-tables.ts';

/** How many users there are of each real instance; null: the row names none. */
export interface UserCounts {
  /** Without those who are deleted. */
  readonly living: ReadonlyMap<string | null, number>;
  /** All rows; those that name no instance are left out. */
  readonly instances: ReadonlyMap<string, number>;
  /** All rows of sample users, which are in neither of the two. */
  readonly samples: number;
  /** The table is so large that a part of it was read. */
  readonly isEstimate: boolean;
}

interface Row {
  readonly instance_id: string | null;
  readonly rows: number;
  readonly living: number;
}

/** Counts users, all of them where that takes a few seconds at the most. */
export function surveyUsers(reader: Reader, users: Pick<TableFacts, 'name' | 'pages'>): Promise<UserCounts> {
  const { source, share } = scan(users, 'u');
  return reader.read(async (session) => {
    const rows = await session.run<Row>(`
      select instance_id, count(*)::float8 as rows, count(*) filter (where deleted_at is null)::float8 as living
      from ${source} group by 1 order by 2 desc, 1`);
    const scale = (count: number) => Math.round(count / share);
    const real = rows.filter((row) => !isSampleInstance(row.instance_id));
    return {
      living: new Map(real.map((row) => [row.instance_id, scale(row.living)])),
      samples: rows.reduce((sum, row) => (real.includes(row) ? sum : sum + scale(row.rows)), 0),
      instances: new Map(
        real.flatMap(({ instance_id: id, rows: count }) =>
          id === null ? [] : [[id, scale(count)] as [string, number]],
        ),
      ),
      isEstimate: share < 1,
    };
  });
}
