import type { processes } from '../schema/processes.ts';
import type { ColumnComments, RelationComments } from './comment-types.ts';

export const processComments: RelationComments<ColumnComments<typeof processes>> = {
  self: 'The processes of the service: each writes its row every few seconds, and removes it when it stops. A killed process leaves an old row, which another process removes.',
  columns: {
    process_id: 'Made at the start of the process.',
    version: 'The version of clerk-sync that it runs.',
    host: 'The name of its machine.',
    pid: 'Its number on that machine.',
    started_at: 'When it started.',
    seen_at: 'When it last wrote this row, by the clock of this database.',
    last_delivery_at: 'When it last received a delivery with a valid signature. Null: not since its start.',
    stats:
      'Deliveries that wait ("queued") and that are being written ("in_flight"); of the last five minutes, how many were settled ("settled"), and the milliseconds from receipt to commit ("p50_ms", "p99_ms").',
  },
};
