import type { EventEmitter } from 'node:events';
import { OperatorError } from '../../errors.ts';
import { SAME_SIGNAL_MS } from '../../service/stop-on-signal.ts';

/** Not SIGHUP: with a handler, a command that was started with `nohup` would end with its terminal. */
const SIGNALS = ['SIGINT', 'SIGTERM'];

/**
 * Runs `work` with a signal that aborts on SIGINT or SIGTERM, for commands that can stop in order before they are done. A
 * second signal ends the program at once.
 */
export async function abortOnSignal<T>(
  work: (signal: AbortSignal) => Promise<T>,
  program: Pick<EventEmitter, 'on' | 'off'> & { exit(code: number): void } = process,
): Promise<T> {
  const controller = new AbortController();
  let askedAt: number | undefined;
  const onSignal = () => {
    if (askedAt === undefined) {
      askedAt = performance.now();
      controller.abort();
    } else if (performance.now() - askedAt > SAME_SIGNAL_MS) {
      program.exit(1);
    }
  };
  for (const name of SIGNALS) program.on(name, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of SIGNALS) program.off(name, onSignal);
  }
}

/** The error of a command that a signal has ended. The hint says what is done. */
export function stoppedError(hint: string): OperatorError {
  return new OperatorError('stopped', 'A signal stopped the command before its end.', { hint });
}
