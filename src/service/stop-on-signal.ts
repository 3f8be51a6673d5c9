import type { EventEmitter } from 'node:events';
import type { Logger } from '../log/logger.ts';

/** What a signal stops, and how. */
export interface StopOnSignalOptions {
  /** Stops everything in order and resolves when it is done. */
  readonly stop: () => Promise<void>;
  readonly logger: Logger;
  /** Where signals and unhandled errors arrive, and what ends the program: the process, or an object of a test. */
  readonly program: Pick<EventEmitter, 'on'> & { exit(code: number): void };
  /** Default 25 s: Kubernetes kills after 30 s. */
  readonly deadlineMs?: number;
}

/**
 * `npm start` passes on a signal that the terminal has already sent to the whole group, so one Ctrl-C arrives twice within
 * milliseconds. A person needs more time for a second one.
 */
export const SAME_SIGNAL_MS = 500;

/**
 * Ends the program with 0 after a graceful stop on SIGTERM or SIGINT. It ends with 1 if a second signal comes, the deadline
 * passes, the stop fails, or an error was not handled: the state of the program is then unknown, and Clerk sends again what was
 * not acknowledged.
 */
export function stopOnSignal({ stop, logger, program, deadlineMs = 25_000 }: StopOnSignalOptions): void {
  let askedAt: number | undefined;

  const fail = (details: object, message: string) => {
    logger.fatal(details, message);
    program.exit(1);
  };
  const stopGracefully = async (signal: string) => {
    logger.info({ signal }, 'stopping');
    setTimeout(() => fail({ deadline_ms: deadlineMs }, 'could not stop in time'), deadlineMs).unref();
    try {
      await stop();
      logger.info('stopped');
      program.exit(0);
    } catch (err) {
      fail({ err }, 'could not stop cleanly');
    }
  };
  const onSignal = (signal: string) => {
    if (askedAt === undefined) {
      askedAt = performance.now();
      void stopGracefully(signal);
    } else if (performance.now() - askedAt > SAME_SIGNAL_MS) {
      fail({ signal }, 'a second signal stopped it at once');
    }
  };

  program.on('SIGTERM', onSignal);
  program.on('SIGINT', onSignal);
  program.on('uncaughtException', (err) => fail({ err }, 'uncaught exception'));
  program.on('unhandledRejection', (err) => fail({ err }, 'unhandled rejection'));
}
