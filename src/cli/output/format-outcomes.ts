import { formatCount } from '../../text/format-quantity.ts';

/** How many results there are of each outcome. */
export function countByOutcome(results: readonly { readonly outcome: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** `3 applied, 1 stale`. Empty if there is nothing to count. */
export function listOutcomes(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([outcome, count]) => `${formatCount(count)} ${outcome}`)
    .join(', ');
}

/** `; 3 more match`, or an empty text. */
export function formatBeyond(count: number): string {
  return count === 0 ? '' : `; ${formatCount(count)} more match`;
}
