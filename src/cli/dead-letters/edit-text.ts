import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorError } from '../../errors.ts';

/**
 * Opens the operator's editor on a text, and passes the edited text to `use`. Only this user can read the file. It is removed
 * at the end, also if the terminal is closed. It stays if `use` fails, so that nobody has to write the text again: `tellKept`
 * then gets its path.
 */
export async function editText<T>(
  text: string,
  use: (edited: string) => Promise<T>,
  tellKept: (file: string) => void,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-'));
  const file = join(directory, 'body.json');
  let isWorthKeeping = false;
  try {
    await writeFile(file, `${text}\n`, { mode: 0o600 });
    await openEditor(file);
    const edited = await readFile(file, 'utf8');
    isWorthKeeping = edited !== `${text}\n`;
    const result = await use(edited);
    isWorthKeeping = false;
    return result;
  } finally {
    if (isWorthKeeping) tellKept(file);
    else await rm(directory, { recursive: true, force: true });
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Opens it through the shell, as git does: the variables may contain options, such as `code --wait`. Ctrl-C is for the editor,
 * which gets it from the terminal. A `kill` and a closed terminal end the editor, so that the file can be removed.
 */
async function openEditor(file: string): Promise<void> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own variables
  const command = 'exec ${VISUAL:-${EDITOR:-vi}} "$1"';
  const editor = spawn('sh', ['-c', command, 'sh', file], { stdio: 'inherit' });
  const onSignal = (name: NodeJS.Signals) => name !== 'SIGINT' && editor.kill(name);
  for (const name of SIGNALS) process.on(name, onSignal);
  const [code] = await once(editor, 'exit').catch(() => ['no shell']);
  for (const name of SIGNALS) process.off(name, onSignal);
  if (code === 0) return;
  throw new OperatorError('no_editor', `Nothing was changed: the editor failed (${code ?? 'a signal'}).`, {
    hint: 'Set VISUAL or EDITOR to your editor. Or give the new body with --body <file>, or with --body - for the standard input.',
  });
}
