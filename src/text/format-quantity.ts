/** A number for people: `1,234`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1,234`, or `500,000+` if there may be more. */
export function formatCapped({ count, capped }: { readonly count: number; readonly capped: boolean }): string {
  return `${formatCount(count)}${capped ? '+' : ''}`;
}

/**
 * A number with its noun.
 *
 * @param plural where an `s` does not make it.
 * @example
 * formatQuantity(1, 'user'); // 1 user
 * formatQuantity(1234, 'delivery', 'deliveries'); // 1,234 deliveries
 */
export function formatQuantity(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}
