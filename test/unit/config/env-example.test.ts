import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/config.ts';
import { variables } from '../../../src/config/config-variables.ts';

const root = join(import.meta.dirname, '../../..');
const example = await readFile(join(root, '.env.example'), 'utf8');

/** The blocks of the file: a comment that says what a variable means, and the commented-out assignment of its default. */
function readBlocks(text: string) {
  return [...text.matchAll(/((?:^# .*\n)+)^# ([A-Z_]+)=(.*)$/gm)].map(([, comment = '', name, value]) => ({
    name,
    value,
    meaning: comment.replaceAll(/^# /gm, '').trim().replaceAll('\n', ' '),
  }));
}

describe('.env.example', () => {
  test('has every variable once, in order, with its meaning and its default', () => {
    expect(readBlocks(example)).toEqual(
      Object.entries(variables).map(([name, { meaning, fallback }]) => ({ name, value: fallback ?? '', meaning })),
    );
  });

  test('sets nothing as it is', () => {
    expect(example.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
  });

  test('with every line uncommented makes the default configuration', () => {
    const env = Object.fromEntries(readBlocks(example).map(({ name, value }) => [name, value]));
    expect(loadConfig(env)).toEqual({ ...loadConfig({}), host: '0.0.0.0' });
  });
});

describe('the file .env', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'clerk-sync-env-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  /** The configuration that a program in `directory` ends up with. */
  async function loadIn(env: Record<string, string>): Promise<unknown> {
    const program = `
      import { loadConfig, loadEnvFile } from ${JSON.stringify(join(root, 'src/config/config.ts'))};
      try { loadEnvFile(); console.log(JSON.stringify(loadConfig())); }
      catch (error) { console.log(JSON.stringify({ ...error, message: error.message })); }`;
    const options = { cwd: directory, env };
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], options);
    return JSON.parse(stdout);
  }

  test('is read from the working directory, and yields to the environment', async () => {
    await writeFile(join(directory, '.env'), 'PORT=4000\nLOG_LEVEL="debug"\n');
    expect(await loadIn({ PORT: '5000' })).toEqual({ ...loadConfig({}), port: 5000, logLevel: 'debug' });
  });

  test('fills in for an empty variable of the environment', async () => {
    await writeFile(join(directory, '.env'), 'PORT=4000\n');
    expect(await loadIn({ PORT: ' ' })).toMatchObject({ port: 4000 });
  });

  test('that looks broken is told by its lines and without its values, and ends the program with exit code 2', async () => {
    await writeFile(join(directory, '.env'), 'PORT=4000\nDATABASE_URL=postgres://u:S3cret#Pw@h/db\n');
    expect(await loadIn({})).toEqual({
      name: 'OperatorError',
      code: 'broken_env_file',
      message: [
        'The file .env has lines that would be read in another way than they are written:',
        '  - Line 2 has a # in its value, and what follows it would be left out. Put the value in quotes; in a URL, write %23.',
      ].join('\n'),
      hint: 'Nothing was started. Correct the file, or remove it.',
      exitCode: 2,
    });
  });

  test('may be absent', async () => {
    expect(await loadIn({})).toEqual(loadConfig({}));
  });

  test('that cannot be read is told, and ends the program with exit code 2', async () => {
    await mkdir(join(directory, '.env'));
    expect(await loadIn({})).toMatchObject({
      code: 'unreadable_env_file',
      message: expect.stringMatching(/^The file \.env cannot be read \([A-Z_]+\)\.$/),
      exitCode: 2,
    });
  });
});
