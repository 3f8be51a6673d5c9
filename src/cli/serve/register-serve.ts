import { localizeCommands } from '../output/localize-commands.ts';
import type { Registration } from '../registration.ts';

/** Declares `serve`. */
export function registerServe({ program, context }: Registration): void {
  const { stdout, invocation } = context;
  program
    .command('serve')
    .description('run the service: migrate the database, then receive webhooks until a signal stops it')
    .action(async () => {
      const { serve } = await import('../../service/serve.ts');
      await serve({ ...context, stdout: (text) => stdout(localizeCommands(text, invocation)) });
    });
}
