import { OperatorError } from '../../errors.ts';
import { formatQuantity } from '../../text/format-quantity.ts';
import { countUsersByInstance, type InstanceUsers } from '../../users/count-users-by-instance.ts';
import type { CommandContext } from '../command-context.ts';
import { lookAtDatabase } from './look-at-database.ts';

/** Hosts of this machine, as `URL` writes them. */
const THIS_MACHINE = /^(?:localhost|127(?:\.\d+){3}|\[::1\]|0\.0\.0\.0)$/;

/**
 * Asks before samples go where real users are, or may be.
 *
 * - A service of this machine: what counts is the database that is configured here. Where that can't be seen, the samples
 *   are sent.
 * - Any other service: its database can't be seen from here, so it is always asked.
 *
 * @throws {OperatorError} exit code 2, where there is no terminal to ask at; 1, where the answer was no.
 */
export async function assertMaySend(
  url: string,
  { loadConfig, ask, invocation }: Pick<CommandContext, 'loadConfig' | 'ask' | 'invocation'>,
): Promise<void> {
  const look = await lookAtDatabase(loadConfig, countUsersByInstance);
  const doubt = describeDoubt(new URL(url), look.state === 'seen' ? look.value.real : []);
  if (doubt === undefined) return;
  if (ask === undefined) {
    throw new OperatorError('real_users', doubt, {
      hint: `Nothing was sent. With --yes the samples are sent all the same; \`${invocation} send --clean\` removes samples from the database that is configured where it runs.`,
      exitCode: 2,
    });
  }
  if (!(await ask(`${doubt} Send samples all the same?`))) throw new OperatorError('declined', 'Nothing was sent.');
}

function describeDoubt(url: URL, real: readonly InstanceUsers[]): string | undefined {
  const users = real
    .map(
      ({ instanceId, users }) => `${formatQuantity(users, 'user')} of ${instanceId ?? 'an instance that is not named'}`,
    )
    .join(', ');
  if (THIS_MACHINE.test(url.hostname))
    return users === '' ? undefined : `The database that is configured here has real users: ${users}.`;
  const unseen = `The database of ${url.origin} can't be seen from here: real users may be in it.`;
  return users === '' ? unseen : `${unseen} The one that is configured here has some: ${users}.`;
}
