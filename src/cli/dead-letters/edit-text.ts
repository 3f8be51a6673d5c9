import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorError } from '../../errors.ts';
import { abortOnSignal } from '../abort-on-signal.ts';

/**
 * Opens the operator's editor on a text, and hands what they have made of it to `use`. The file can be read by this user
 * only and is removed again, unless `use` fails: then nobody has to write it once more, and `tellKept` hears where it is.
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
    // A Ctrl-C is for the editor.
    await abortOnSignal(() => openEditor(file));
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

/** Through the shell, as git does it: the variables may hold options, such as `code --wait`. */
async function openEditor(file: string): Promise<void> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own variables
  const command = '${VISUAL:-${EDITOR:-vi}} "$1"';
  const editor = spawn('sh', ['-c', command, 'sh', file], { stdio: 'inherit' });
  const [code] = await once(editor, 'exit').catch(() => ['no shell']);
  if (code === 0) return;
  throw new OperatorError('no_editor', `Nothing was changed: the editor did not end well (${code ?? 'a signal'}).`, {
    hint: 'Set VISUAL or EDITOR to your editor, or give the new body with --body <file>, or --body - for the standard input.',
  });
}
