/** `1,234`, for people. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 event`, `1,234 events`. */
export function formatQuantity(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A moment to the second, in UTC: `2026-01-31 10:00:00Z`. */
export function formatTime(time: Date): string {
  return time
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
}

/** One JSON document on lines of its own, times as ISO texts. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
