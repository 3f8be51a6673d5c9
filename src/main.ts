// For whoever runs this file without the options of `npm start`; before what is imported below.
import './compile-cache.js';

const { reportFailure } = await import('./commands/report-failure.ts');
const invocation = 'npm run -s clerk-sync --';

try {
  const { isRunByNpm, loadConfig, loadEnvFile } = await import('./config.ts');
  const { endWithParent } = await import('./commands/end-with-parent.ts');
  if (isRunByNpm()) endWithParent();
  const { serve } = await import('./commands/serve.ts');
  loadEnvFile();
  await serve({
    loadConfig: (options) => loadConfig(undefined, options),
    stdout: (text) => process.stdout.write(text),
    invocation,
  });
} catch (error) {
  process.exit(reportFailure(error, { stderr: (text) => process.stderr.write(text), invocation }));
}
