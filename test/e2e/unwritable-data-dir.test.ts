import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const CLI = join(import.meta.dirname, '../../dist/cli.js');
/** Root may write everywhere: where the tests run as root, the service runs as nobody in particular. */
const IDENTITY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Where that user can't read the checkout, as below /root, the program can't be tried. */
const canRun = spawnSync('test', ['-r', CLI], IDENTITY).status === 0;

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'clerk-sync-unwritable-'));
  await chmod(directory, 0o755);
  await mkdir(join(directory, 'closed'), { mode: 0o555 });
  await writeFile(join(directory, 'file'), '');
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function run(dataDir: string): Promise<{ exitCode: number | null; stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<{ exitCode: number | null; stderr: string }>();
  const { PATH = '' } = process.env;
  const options = { cwd: directory, env: { PATH, PORT: '0', DATA_DIR: dataDir }, ...IDENTITY };
  const child = execFile(process.execPath, [CLI, 'serve'], options, (_, __, stderr) => {
    resolve({ exitCode: child.exitCode, stderr });
  });
  return await promise;
}

const RIGHTS =
  'Set DATABASE_URL to your own Postgres. Or give the user that runs clerk-sync the right to write there, or set DATA_DIR to a folder where it can write. In a container, mount a volume there.';
const FOLDER = 'DATA_DIR must be a folder, or a path where one can be made.';

test.skipIf(!canRun).each([
  ['a folder that may not be written', 'closed', /closed\/\S+ can't be written \(EACCES\)/, RIGHTS],
  ['a place where none can be made', 'closed/data', /closed\/data can't be written \(EACCES\)/, RIGHTS],
  ['a file', 'file', /file can't be written \(EEXIST\)/, FOLDER],
  ['a place below a file', 'file/data', /file\/data can't be written \(ENOTDIR\)/, FOLDER],
])('a DATA_DIR that is %s ends the start with exit code 2 and a sentence', async (_, dataDir, sentence, hint) => {
  const { exitCode, stderr } = await run(dataDir);
  expect(stderr).toMatch(sentence);
  expect(stderr).toMatch(/^clerk-sync: The built-in Postgres needs a folder to write to, /m);
  expect(stderr).toContain(hint);
  expect(stderr).not.toContain('    at ');
  expect(exitCode).toBe(2);
});
