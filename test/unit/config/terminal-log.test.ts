import { stripVTControlCharacters } from 'node:util';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTerminalLog } from '../../../src/log/terminal-log.ts';

/** A logger that writes for a person, and what that person sees. */
function useTerminal({ colors = false } = {}) {
  let text = '';
  const write = (part: string) => {
    text += part;
  };
  const logger = pino({ base: null }, createTerminalLog({ write, hasColors: () => colors }));
  const lines = () =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^\[\d\d:\d\d:\d\d\]/, '[time]'));
  return { logger, lines, text: () => text };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.runAllTimers();
  vi.useRealTimers();
});

describe('the log on a terminal', () => {
  test('has a line for each entry with time, level, message and fields, without the id of the request', () => {
    const { logger, lines } = useTerminal();
    logger.info({ request_id: 'r1', outcome: 'applied', ms: 1.5 }, 'delivery settled');
    logger.warn('waiting');
    expect(lines()).toEqual(['[time] INFO: delivery settled {"outcome":"applied","ms":1.5}', '[time] WARN: waiting']);
  });

  test('has colours if the terminal has them, and no other control characters', () => {
    const plain = useTerminal();
    const coloured = useTerminal({ colors: true });
    for (const { logger } of [plain, coloured]) logger.info({ user_id: 'a\u001b[31m\u009b2J\u202eb' }, 'settled');
    expect(plain.lines()).toEqual(['[time] INFO: settled {"user_id":"a\\u001b[31m?2J?b"}']);
    expect(coloured.text()).toContain('\u001b[32mINFO\u001b[39m');
    expect(stripVTControlCharacters(coloured.text())).toBe(plain.text());
  });

  test('shows the first lines of a storm, and counts the others by outcome once a second', () => {
    const { logger, lines } = useTerminal();
    for (let place = 0; place < 1000; place += 1) {
      logger.info({ outcome: place % 4 === 3 ? 'duplicate' : 'applied' }, 'delivery settled');
    }
    logger.warn({ reason: 'invalid_json', outcome: 'dead_letter' }, 'delivery kept as a dead letter');
    expect(lines().slice(5)).toEqual([
      '[time] INFO: delivery settled: 995 more {"applied":746,"duplicate":249}',
      '[time] WARN: delivery kept as a dead letter {"reason":"invalid_json","outcome":"dead_letter"}',
    ]);
  });

  test('only counts during the storm, and shows lines again after a second without any', () => {
    const { logger, lines } = useTerminal();
    for (let second = 0; second < 3; second += 1) {
      for (let place = 0; place < 10; place += 1) logger.info({ outcome: 'applied' }, 'settled');
      vi.advanceTimersByTime(1000);
    }
    vi.advanceTimersByTime(2000);
    logger.info('settled');
    const counted = (count: number) => `[time] INFO: settled: ${count} more {"applied":${count}}`;
    expect(lines().slice(5)).toEqual([counted(5), counted(10), counted(10), '[time] INFO: settled']);
  });

  test('writes each count before a later message of another kind, once', () => {
    const { logger, lines } = useTerminal();
    for (let place = 0; place < 9; place += 1) logger.info({ outcome: 'applied' }, 'settled');
    logger.info('stopping');
    for (let place = 0; place < 3; place += 1) logger.info({ outcome: 'stale' }, 'settled');
    logger.info('stopped');
    vi.advanceTimersByTime(5000);
    expect(lines().slice(5)).toEqual([
      '[time] INFO: settled: 4 more {"applied":4}',
      '[time] INFO: stopping',
      '[time] INFO: settled: 3 more {"stale":3}',
      '[time] INFO: stopped',
    ]);
  });

  test('shows lines again in the next second', () => {
    const { logger, lines } = useTerminal();
    for (let second = 0; second < 3; second += 1) {
      for (let place = 0; place < 5; place += 1) logger.info('rejected');
      vi.advanceTimersByTime(1000);
    }
    expect(lines()).toHaveLength(15);
  });

  test('writes the last count when the program ends', () => {
    const { logger, lines } = useTerminal();
    const listeners = process.listeners('exit');
    for (let place = 0; place < 7; place += 1) logger.error({ reason: 'unavailable' }, 'delivery failed');
    listeners.at(-1)?.call(process, 0);
    expect(lines().at(-1)).toBe('[time] ERROR: delivery failed: 2 more {"unavailable":2}');
  });
});
