import type { Log } from '../../../log/log.ts';
import { keepAnswer } from './keep-answer.ts';
import { type DeliveryRange, loadOverview, type OverviewFacts, type OverviewOptions } from './load-overview.ts';

/** What it reads with, and who is told if a part can't be read. */
export interface ReadOverviewOptions extends Pick<OverviewOptions, 'read' | 'reconcileIntervalMs'> {
  readonly logger: Pick<Log, 'warn'>;
}

/** Two refreshes of a page that is open. */
const KEPT_MS = 10_000;

/** Makes the reader of the overview. All who ask within ten seconds get the same facts. */
export function createReadOverview(options: ReadOverviewOptions): (range: DeliveryRange) => Promise<OverviewFacts> {
  const { read, reconcileIntervalMs, logger } = options;
  const onUnknown: OverviewOptions['onUnknown'] = (part, err) =>
    logger.warn({ part, err }, 'a part of the overview could not be read');
  const create = (range: DeliveryRange) =>
    keepAnswer(() => loadOverview({ read, reconcileIntervalMs, onUnknown, range, now: new Date() }), KEPT_MS);
  const readers = { hour: create('hour'), day: create('day') };
  return (range) => readers[range]();
}
