import { type Command, CommanderError } from 'commander';
import { registerBackfill } from '../backfill/register-backfill.ts';
import { registerDeadLetters } from '../dead-letters/register-dead-letters.ts';
import { registerDoctor } from '../doctor/register-doctor.ts';
import { registerEraseUser } from '../erase-user/register-erase-user.ts';
import { registerForgetMessages } from '../forget-messages/register-forget-messages.ts';
import { registerMigrate } from '../migrate/register-migrate.ts';
import { localizeCommands } from '../output/localize-commands.ts';
import { registerPrune } from '../prune/register-prune.ts';
import { registerReconcile } from '../reconcile/register-reconcile.ts';
import { registerRemoveInstance } from '../remove-instance/register-remove-instance.ts';
import { registerSend } from '../send/register-send.ts';
import { registerServe } from '../serve/register-serve.ts';
import { registerSyncUser } from '../sync-user/register-sync-user.ts';
import { registerUpdateUser } from '../update-user/register-update-user.ts';
import { registerUpdates } from '../updates/register-updates.ts';
import { registerUsers } from '../users/register-users.ts';
import type { CommandContext, ExitCode } from './command-context.ts';
import { createProgram } from './create-program.ts';
import type { Registration } from './registration.ts';
import { reportFailure } from './report-failure.ts';

/** All commands, in the order of `--help`. */
const COMMANDS: readonly ((registration: Registration) => void)[] = [
  registerServe,
  registerMigrate,
  registerSend,
  registerUsers,
  registerDeadLetters,
  registerBackfill,
  registerReconcile,
  registerSyncUser,
  registerUpdateUser,
  registerUpdates,
  registerForgetMessages,
  registerEraseUser,
  registerPrune,
  registerDoctor,
  registerRemoveInstance,
];

/**
 * Runs the command that `args` name and returns its exit code: 0 done, 1 failed, 2 usage or configuration, 3 done but
 * something is left over. For `serve` it resolves when the service listens; the process continues.
 */
export async function runCli(args: readonly string[], outside: CommandContext): Promise<ExitCode> {
  const { invocation } = outside;
  const context: CommandContext = { ...outside, stderr: (text) => outside.stderr(localizeCommands(text, invocation)) };
  let exitCode: ExitCode = 0;
  const program: Command = createProgram(context);
  const run: Registration['run'] =
    (work) =>
    async (...given) => {
      exitCode = await work(...given);
    };
  for (const register of COMMANDS) register({ program, context, run });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed the error, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return reportFailure(error, context);
  }
}
