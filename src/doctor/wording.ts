/** `1,234 users`, `1 user`. */
export function quantity(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? noun : plural}`;
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** A duration in its largest unit, rounded down: `3 days`, `1 second`. */
export function duration(ms: number): string {
  const [noun, unitMs] = UNITS.find(([, unit]) => Math.abs(ms) >= unit) ?? (['second', 1000] as const);
  return quantity(Math.trunc(Math.abs(ms) / unitMs), noun);
}

/** How long ago a moment was: `3 days ago`. */
export function age(moment: Date, now: number = Date.now()): string {
  return `${duration(Math.max(0, now - moment.getTime()))} ago`;
}

/** `12 MB`, in powers of 1,024. */
export function bytes(count: number): string {
  const power = Math.min(4, Math.floor(Math.log2(Math.max(count, 1)) / 10));
  const scaled = count / 1024 ** power;
  return `${scaled < 10 && power > 0 ? scaled.toFixed(1) : Math.round(scaled)} ${['bytes', 'kB', 'MB', 'GB', 'TB'][power]}`;
}

/** The first few, and how many more there are. */
export function list(items: readonly string[], most = 5, separator = ', '): string {
  const shown = items.slice(0, most).join(separator);
  return items.length > most ? `${shown}${separator}and ${items.length - most} more` : shown;
}

/** A name as SQL takes it, quoted where it has to be. */
export function quoteName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** A text as an SQL literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
