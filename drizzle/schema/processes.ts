import { integer, jsonb, text } from 'drizzle-orm/pg-core';
import { clerk, time } from './clerk-schema.ts';

/** What a process says about itself at each heartbeat. */
export interface ProcessStats {
  /** Deliveries that wait for a transaction. */
  readonly queued: number;
  /** Deliveries in a transaction. */
  readonly in_flight: number;
  /** Deliveries that were settled in the five minutes before the heartbeat. */
  readonly settled: number;
  /** Milliseconds from receipt to commit of half of them. Null: there were none. */
  readonly p50_ms: number | null;
  /** The same, of 99 of 100. */
  readonly p99_ms: number | null;
}

/** The processes of the service that are running, or were until a moment ago. */
export const processes = clerk.table('processes', {
  process_id: text('process_id').primaryKey(),
  version: text('version').notNull(),
  host: text('host').notNull(),
  pid: integer('pid').notNull(),
  started_at: time('started_at').notNull(),
  seen_at: time('seen_at').notNull(),
  last_delivery_at: time('last_delivery_at'),
  stats: jsonb('stats').$type<ProcessStats>().notNull(),
});
