import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** A TypeScript module run by this Node in a process of its own, spoken to line by line. Ends with the test. */
export interface LineChild {
  readonly process: ChildProcess;
  /** The next line of its standard output; rejects with its standard error when it ends instead. */
  readLine(): Promise<string>;
  writeLine(line: string): void;
  /** Resolves when it has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Starts `module` in the root directory, so that nothing can depend on that, and as a process group of its own. */
export function spawnLines(module: string, ...parameters: string[]): LineChild {
  const child = spawn(process.execPath, [module, ...parameters], { cwd: '/', detached: true, stdio: 'pipe' });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, 'exit');
  const kill = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  onTestFinished(() => kill('SIGKILL'));
  return {
    process: child,
    async readLine() {
      const line = await lines.next();
      if (line.done) throw new Error(`The process ended without a word.\n${errors}`);
      return line.value;
    },
    writeLine: (line) => void child.stdin.write(`${line}\n`),
    kill,
  };
}
