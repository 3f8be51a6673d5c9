import { Gauge, type Registry } from 'prom-client';

/** One value of a gauge. */
export interface Series {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What a gauge is called, and what it says. */
export interface GaugeOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  /** Asked at each scrape. What an earlier scrape showed and this answer lacks is gone. */
  readonly read: () => readonly Series[] | Promise<readonly Series[]>;
}

/**
 * Registers a gauge that shows an answer, and nothing else: without one it is absent.
 *
 * @example
 * registerGauge(registry, { name: 'clerk_sync_queued_deliveries', help: '…', read: () => [{ value: queue.length }] });
 */
export function registerGauge(registry: Registry, { name, help, labelNames = [], read }: GaugeOptions): void {
  const gauge = new Gauge({
    ...{ name, help, labelNames, registers: [registry] },
    async collect() {
      const series = await read();
      this.reset();
      // A gauge without labels is 0 after a reset.
      if (labelNames.length === 0) this.remove();
      for (const { labels = {}, value } of series) this.set(labels, value);
    },
  });
  // Before the first answer there is no value either.
  if (labelNames.length === 0) gauge.remove();
}

/** The value of a gauge without labels. Undefined: there is none. */
export function toSeries(value: number | undefined): readonly Series[] {
  return value === undefined ? [] : [{ value }];
}
