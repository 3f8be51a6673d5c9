import { reportFailure } from './commands/report-failure.ts';
import { serve } from './commands/serve.ts';
import { loadConfig, loadEnvFile } from './config.ts';

try {
  loadEnvFile();
  await serve({
    loadConfig: (options) => loadConfig(undefined, options),
    stdout: (text) => process.stdout.write(text),
    invocation: 'npm run -s clerk-sync --',
  });
} catch (error) {
  process.exit(reportFailure(error, (text) => process.stderr.write(text)));
}
