import { Command, CommanderError, Help } from 'commander';
import { version } from '../version.ts';
import { registerBackfill } from './backfill/register-backfill.ts';
import type { CommandContext, ExitCode } from './command-context.ts';
import { registerDeadLetters } from './dead-letters/register-dead-letters.ts';
import { registerDoctor } from './doctor/register-doctor.ts';
import { registerForgetMessages } from './forget-messages/register-forget-messages.ts';
import { registerReconcile } from './reconcile/register-reconcile.ts';
import type { Registration } from './registration.ts';
import { registerRemoveInstance } from './remove-instance/register-remove-instance.ts';
import { reportFailure } from './report-failure.ts';
import { registerSend } from './send/register-send.ts';
import { registerSyncUser } from './sync-user/register-sync-user.ts';
import { registerUsers } from './users/register-users.ts';

/**
 * Runs the command that `args` name and returns its exit code: 0 done, 1 failed, 2 usage or configuration, 3 done but
 * something is left over. For `serve` it resolves once the service listens; the process lives on.
 */
export async function runCli(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = createProgram(context);
  const finish = (code: ExitCode) => {
    exitCode = code;
  };
  registerServe({ program, context, finish });
  registerMigrate({ program, context, finish });
  registerSend({ program, context, finish });
  registerUsers({ program, context, finish });
  registerDeadLetters({ program, context, finish });
  registerBackfill({ program, context, finish });
  registerReconcile({ program, context, finish });
  registerSyncUser({ program, context, finish });
  registerForgetMessages({ program, context, finish });
  registerDoctor({ program, context, finish });
  registerRemoveInstance({ program, context, finish });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its complaint, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return reportFailure(error, context);
  }
}

/** With positional options, one behind a command is that command's own. */
function createProgram({ stdout, stderr, invocation }: CommandContext): Command {
  return new Command(invocation)
    .description("Clerk's users in your own Postgres: every webhook applied once, in order, or kept as a dead letter.")
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print the help of any command')
    .enablePositionalOptions()
    .configureHelp({
      optionDescription(option) {
        const description = Help.prototype.optionDescription.call(this, option);
        return option.mandatory ? `${description} (required)` : description;
      },
    })
    .exitOverride()
    .configureOutput({ writeOut: stdout, writeErr: stderr })
    .showHelpAfterError('(add --help to see what is possible)')
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 done but something is left over.
Settings come from the environment and from .env; .env.example has them all.

Examples:
  ${invocation} serve
  ${invocation} send user.created
  ${invocation} users
  ${invocation} dead-letters list`,
    );
}

function registerServe({ program, context }: Registration): void {
  program
    .command('serve')
    .description('run the service: migrate the database, then take webhooks until stopped')
    .action(async () => {
      const { serve } = await import('../service/serve.ts');
      await serve(context);
    });
}

function registerMigrate({ program, context, finish }: Registration): void {
  program
    .command('migrate')
    .description('bring the database up to date (the service does so itself when it starts)')
    .option('--print-sql', 'print the SQL that would run, and change nothing')
    .option('--json', 'print one JSON document')
    .action(async (options) => {
      const { runMigrations } = await import('./migrate/migrate.ts');
      finish(await runMigrations(options, context));
    });
}
