const INTERVAL_MS = 250;

/**
 * Handles the end of the parent like a SIGTERM. npm runs a script in a shell and sends SIGTERM only to that shell, and many
 * shells do not pass it on: without this, the program would continue unseen. `exec` in the script would also help, but not on
 * Windows.
 */
export function endWithParent(): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, INTERVAL_MS);
  // The timer must not keep a finished command alive.
  timer.unref();
}
