const INTERVAL_MS = 250;

/**
 * Takes the end of the parent for a SIGTERM. npm runs a script in a shell and passes SIGTERM to that shell alone, which
 * many shells do not pass on: without this the program would live on, unseen. `exec` in the script would do, too, but not
 * on Windows.
 */
export function endWithParent(): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, INTERVAL_MS);
  // It must not keep a command that is done.
  timer.unref();
}
