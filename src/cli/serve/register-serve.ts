import { localizeCommands } from '../output/localize-commands.ts';
import type { Registration } from '../program/registration.ts';

/** Declares `serve`. */
export function registerServe({ program, context }: Registration): void {
  const { stdout, invocation, width } = context;
  program
    .command('serve')
    .description('run the service: migrate the database, then receive webhooks until a signal stops it')
    .action(async () => {
      const { serve } = await import('../../service/serve.ts');
      const isTerminal = width !== undefined;
      await serve({ ...context, isTerminal, stdout: (text) => stdout(localizeCommands(text, invocation)) });
    });
}
