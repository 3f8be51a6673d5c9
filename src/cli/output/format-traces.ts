import type { Traces } from '../../users/instance-traces.ts';
import { formatTable } from './format-table.ts';

/** One line for each table that has rows of the instances. */
export function formatTraces(traces: Traces): string {
  return formatTable(
    [
      { title: 'table', value: ([table]) => table },
      { title: 'rows', value: ([, rows]) => rows },
    ],
    Object.entries(traces).filter(([, rows]) => rows > 0),
  );
}
