/** What became of the last few minutes. */
export interface RecentLatency {
  /** How many deliveries were settled. */
  readonly settled: number;
  /** The milliseconds of half of them. Null: there were none. */
  readonly p50Ms: number | null;
  /** The same, of 99 of 100. */
  readonly p99Ms: number | null;
}

/** Counts how long deliveries took, and forgets what is older than five minutes. */
export interface LatencyWindow {
  /** @param ms how long one delivery took. */
  record(ms: number): void;
  read(): RecentLatency;
}

const SLOTS = 30;
const SLOT_MS = 10_000;
/** Each bucket reaches a tenth further than the one before: from half a millisecond to half a minute. */
const FIRST_MS = 0.5;
const GROWTH = Math.log(1.1);
const BUCKETS = 117;

/**
 * Makes an empty window. It is a ring of slots of ten seconds with a count for each bucket, so a delivery costs one addition and a
 * percentile is right to a twentieth.
 *
 * @param now the milliseconds of a clock that only runs forward.
 */
export function createLatencyWindow(now: () => number = () => performance.now()): LatencyWindow {
  const counts = new Uint32Array(SLOTS * BUCKETS);
  let newest = Math.floor(now() / SLOT_MS);
  /** Empties the slots that have begun since the last call. */
  const advance = (): number => {
    const slot = Math.floor(now() / SLOT_MS);
    for (let passed = Math.max(newest + 1, slot - SLOTS + 1); passed <= slot; passed += 1) {
      const start = (passed % SLOTS) * BUCKETS;
      counts.fill(0, start, start + BUCKETS);
    }
    newest = slot;
    return (slot % SLOTS) * BUCKETS;
  };
  return {
    record(ms) {
      const place = advance() + chooseBucket(ms);
      counts[place] = (counts[place] ?? 0) + 1;
    },
    read() {
      advance();
      const sums = sumSlots(counts);
      const settled = sums.reduce((sum, count) => sum + count, 0);
      return { settled, p50Ms: findPercentile(sums, settled * 0.5), p99Ms: findPercentile(sums, settled * 0.99) };
    },
  };
}

function chooseBucket(ms: number): number {
  const bucket = Math.ceil(Math.log(Math.max(ms, FIRST_MS) / FIRST_MS) / GROWTH);
  return Math.min(bucket, BUCKETS - 1);
}

function sumSlots(counts: Uint32Array): number[] {
  return Array.from({ length: BUCKETS }, (_, bucket) => {
    let sum = 0;
    for (let place = bucket; place < counts.length; place += BUCKETS) sum += counts[place] ?? 0;
    return sum;
  });
}

/** The middle of the bucket in which the delivery of this rank is, in milliseconds with one decimal. */
function findPercentile(sums: readonly number[], rank: number): number | null {
  let seen = 0;
  const bucket = sums.findIndex((count) => {
    seen += count;
    return count > 0 && seen >= rank;
  });
  return bucket === -1 ? null : Math.round(FIRST_MS * Math.exp((bucket - 0.5) * GROWTH) * 10) / 10;
}
