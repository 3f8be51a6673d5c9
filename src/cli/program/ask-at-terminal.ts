import { createInterface } from 'node:readline/promises';

/** Asks on stderr, because stdout is for the answer of the command. Only `y` or `yes` is a yes. */
export async function askAtTerminal(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  try {
    // Ctrl-D and Ctrl-C close it: without `ended` the question would wait for ever.
    return /^y(?:es)?$/i.test((await Promise.race([terminal.question(`${question} [y/N] `), ended])).trim());
  } finally {
    terminal.close();
  }
}
