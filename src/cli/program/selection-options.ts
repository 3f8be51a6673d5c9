import { type Command, Option } from 'commander';
import { collectAmong, parseInteger, parseTime } from './parse-argument.ts';

const MAX_LIMIT = 1_000_000;

/** An option that takes some of a fixed list of values. */
export function choiceOption(flags: string, what: string, choices: readonly string[], fallback?: string): Option {
  const description = `${what}: ${choices.join(', ')}; can be repeated`;
  const option = new Option(flags, fallback === undefined ? description : `${description} (default: ${fallback})`);
  return option.argParser(collectAmong(choices));
}

/** Adds `--since` and `--until`. `what` is `letters that first failed`. */
export function withPeriod(command: Command, what: string): Command {
  return command
    .option('--since <time>', `only ${what} at this time or later: 2026-01-31, or 24h, 7d ago`, (text) =>
      parseTime(text),
    )
    .option('--until <time>', `only ${what} before this time`, (text) => parseTime(text));
}

/** `--limit`, for rows that are listed or changed in the order of their age. */
export function limitOption(): Option {
  return new Option('--limit <n>', 'up to this many, the oldest first').argParser(parseInteger(1, MAX_LIMIT));
}

/** Adds the options of a command that changes rows. `rows` is `dead letters`, and `counts` is what it prints by itself. */
export function withChanges(command: Command, rows: string, counts: string): Command {
  return command
    .addOption(limitOption())
    .option('--dry-run', `show the ${rows}, and change nothing`)
    .option('--verbose', `print a line for each ${rows.slice(0, -1)}, not only ${counts}`)
    .option('--json', 'print one JSON document');
}

/** The end of a help text. */
export function formatExamples(command: string, lines: readonly string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  clerk-sync ${command} ${line}`)].join('\n');
}
