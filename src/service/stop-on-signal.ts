import type { EventEmitter } from 'node:events';
import type { Logger } from '../log/logger.ts';

export interface StopOnSignalOptions {
  /** Stops everything in order and resolves when it is done. */
  readonly stop: () => Promise<void>;
  readonly logger: Logger;
  /** Where signals and last-resort errors arrive, and what ends the program: the process, or a test's stand-in. */
  readonly program: Pick<EventEmitter, 'on'> & { exit(code: number): void };
  /** Default 25 s: under the 30 s that Kubernetes waits before it kills. */
  readonly deadlineMs?: number;
}

/**
 * `npm start` passes on a signal that the terminal has already sent to the whole group, so one Ctrl-C arrives twice
 * within milliseconds. A person takes longer.
 */
export const SAME_SIGNAL_MS = 500;

/**
 * Ends the program with 0 after a graceful stop on SIGTERM or SIGINT, and with 1 when a second signal comes, the
 * deadline passes, the stop itself fails, or an error reaches the top: then the program's state is unknown, and what it
 * had not acknowledged is sent again.
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
      fail({ signal }, 'stopped at once by a second signal');
    }
  };

  program.on('SIGTERM', onSignal);
  program.on('SIGINT', onSignal);
  program.on('uncaughtException', (err) => fail({ err }, 'uncaught exception'));
  program.on('unhandledRejection', (err) => fail({ err }, 'unhandled rejection'));
}
