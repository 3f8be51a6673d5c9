import { formatQuantity } from '../../text/format-quantity.ts';
import { countUsersByInstance, type InstanceUsers } from '../../users/count-users-by-instance.ts';
import type { CommandContext } from '../program/command-context.ts';
import { confirm } from '../program/confirm.ts';
import { lookAtDatabase } from './look-at-database.ts';

/** The host names of this machine, as `URL` writes them. */
const THIS_MACHINE = /^(?:localhost|127(?:\.\d+){3}|\[::1\]|0\.0\.0\.0)$/;

/**
 * Asks before samples are sent to a database that has real users, or may have some.
 *
 * - For a service on this machine, the database that is configured here decides. If it can't be seen, the samples are sent.
 * - For any other service, it always asks: the database of that service can't be seen from here.
 *
 * @throws {OperatorError} exit code 2 if there is no terminal to ask at; 1 if the answer is no.
 */
export async function assertMaySend(
  url: string,
  options: { readonly yes?: boolean | undefined },
  context: Pick<CommandContext, 'loadConfig' | 'ask'>,
): Promise<void> {
  if (options.yes === true) return;
  const look = await lookAtDatabase(context.loadConfig, countUsersByInstance);
  const doubt = describeDoubt(new URL(url), look.state === 'seen' ? look.value.real : []);
  if (doubt === undefined) return;
  await confirm(context, options, {
    doubt,
    question: 'Send samples anyway?',
    declined: 'Nothing was sent.',
    code: 'real_users',
    hint: 'With --yes the samples are sent anyway. `clerk-sync send --clean` removes samples from the database that is configured where you run it.',
  });
}

function describeDoubt(url: URL, real: readonly InstanceUsers[]): string | undefined {
  const users = real
    .map(({ instanceId, users }) => `${formatQuantity(users, 'user')} of ${instanceId ?? 'an unnamed instance'}`)
    .join(', ');
  if (THIS_MACHINE.test(url.hostname))
    return users === '' ? undefined : `The database that is configured here has real users: ${users}.`;
  const unseen = `The database of ${url.origin} can't be seen from here. It may have real users.`;
  return users === '' ? unseen : `${unseen} The database that is configured here has some: ${users}.`;
}
