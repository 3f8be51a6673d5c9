import { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { stopOnSignal } from '../../../src/service/stop-on-signal.ts';

/** A program that notes how it ended instead of ending, and the lines it logged. */
function makeProgram(stop: () => Promise<void>) {
  const exits: number[] = [];
  const logs: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void logs.push(JSON.parse(line).msg) });
  const program = Object.assign(new EventEmitter(), { exit: (code: number) => void exits.push(code) });
  stopOnSignal({ stop, logger, program, deadlineMs: 25_000 });
  return { program, exits, logs };
}

const never = () => new Promise<void>(() => undefined);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a signal', () => {
  test.each(['SIGTERM', 'SIGINT'])('ends the program with 0 after a graceful stop: %s', async (signal) => {
    const stopping = Promise.withResolvers<void>();
    const { program, exits, logs } = makeProgram(() => stopping.promise);
    program.emit(signal, signal);
    await vi.advanceTimersByTimeAsync(1000);
    const before = [...exits];
    stopping.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect({ before, exits, logs }).toEqual({ before: [], exits: [0], logs: ['stopping', 'stopped'] });
  });

  test('stops once, although npm passes on the Ctrl-C that the terminal has already sent', async () => {
    const stop = vi.fn(never);
    const { program, exits, logs } = makeProgram(stop);
    program.emit('SIGINT', 'SIGINT');
    await vi.advanceTimersByTimeAsync(100);
    program.emit('SIGINT', 'SIGINT');
    expect({ stops: stop.mock.calls.length, exits, logs }).toEqual({ stops: 1, exits: [], logs: ['stopping'] });
  });

  test('ends the program with 1 if it is the second one', async () => {
    const { program, exits, logs } = makeProgram(never);
    program.emit('SIGTERM', 'SIGTERM');
    await vi.advanceTimersByTimeAsync(600);
    program.emit('SIGINT', 'SIGINT');
    expect({ exits, logs }).toEqual({ exits: [1], logs: ['stopping', 'a second signal stopped it at once'] });
  });

  test('ends the program with 1 if the stop takes longer than 25 seconds', async () => {
    const { program, exits, logs } = makeProgram(never);
    program.emit('SIGTERM', 'SIGTERM');
    await vi.advanceTimersByTimeAsync(24_999);
    const before = [...exits];
    await vi.advanceTimersByTimeAsync(1);
    expect({ before, exits, logs }).toEqual({ before: [], exits: [1], logs: ['stopping', 'could not stop in time'] });
  });

  test('ends the program with 1 if the stop fails', async () => {
    const { program, exits, logs } = makeProgram(() => Promise.reject(new Error('broken')));
    program.emit('SIGTERM', 'SIGTERM');
    await vi.advanceTimersByTimeAsync(0);
    expect({ exits, logs }).toEqual({ exits: [1], logs: ['stopping', 'could not stop cleanly'] });
  });
});

test.each([
  ['uncaughtException', 'uncaught exception'],
  ['unhandledRejection', 'unhandled rejection'],
])('an unhandled error ends the program with 1: %s', (event, message) => {
  const { program, exits, logs } = makeProgram(never);
  program.emit(event, new Error('bug'));
  expect({ exits, logs }).toEqual({ exits: [1], logs: [message] });
});
