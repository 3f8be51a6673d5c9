import { createRequire } from 'node:module';
import type { DestinationStream } from 'pino';

/** Where a person reads the log: stderr, or an object of a test. */
export interface Terminal {
  write(text: string): unknown;
  hasColors(): boolean;
}

/** This many lines of one message are shown in a second. The others are counted. */
const SHOWN = 5;
const PERIOD_MS = 1000;

/** What some terminals obey and JSON does not escape: control characters of the second range, and marks of direction. */
const OBEYED = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

interface Line {
  readonly msg?: string;
  readonly level: number;
  readonly outcome?: string;
  readonly reason?: string;
}

/** Lines of one message in the current second. */
interface Tally {
  /** How many more are shown; none during a storm. */
  left: number;
  readonly level: number;
  /** Those that were not shown, by outcome or reason. */
  readonly hidden: Map<string, number>;
}

/**
 * The log for a person, with colours if the terminal has them and NO_COLOR is not set. If many lines of one second have the same
 * message, as in a storm of deliveries, the first few are shown. The others are counted, in one line for each second.
 */
export function createTerminalLog(terminal: Terminal): DestinationStream {
  const format = loadFormatter(terminal.hasColors());
  const tallies = new Map<string, Tally>();
  let timer: NodeJS.Timeout | undefined;

  const print = (line: object | string) => void terminal.write(format(line).replaceAll(OBEYED, '?'));
  const printHidden = ([msg, { level, hidden }]: [string, Tally]) => {
    const count = hidden.values().reduce((sum, part) => sum + part, 0);
    if (count > 0) print({ level, time: Date.now(), msg: `${msg}: ${count} more`, ...Object.fromEntries(hidden) });
    hidden.clear();
    return count;
  };
  const tell = () => {
    clearTimeout(timer);
    timer = undefined;
    for (const entry of tallies) {
      if (printHidden(entry) === 0) tallies.delete(entry[0]);
      else entry[1].left = 0;
    }
    if (tallies.size > 0) timer = setTimeout(tell, PERIOD_MS).unref();
  };
  // The last counts are written when the program ends.
  process.once('exit', tell);

  return {
    write(text) {
      const line: Line = JSON.parse(text);
      const { msg = '', level, outcome, reason } = line;
      timer ??= setTimeout(tell, PERIOD_MS).unref();
      // Another message, such as `stopped`, comes after everything that happened before it.
      if (!tallies.has(msg)) for (const entry of tallies) printHidden(entry);
      const tally = tallies.get(msg) ?? { left: SHOWN, level, hidden: new Map<string, number>() };
      tallies.set(msg, tally);
      const kind = outcome ?? reason ?? 'others';
      tally.left -= 1;
      if (tally.left >= 0) print(line);
      else tally.hidden.set(kind, (tally.hidden.get(kind) ?? 0) + 1);
    },
  };
}

/** Loaded only on a terminal: a start in a pipe does not wait for it. */
function loadFormatter(colorize: boolean): (line: object | string) => string {
  const require = createRequire(import.meta.url);
  const { prettyFactory }: typeof import('pino-pretty') = require('pino-pretty');
  return prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss', singleLine: true, ignore: 'request_id' });
}
