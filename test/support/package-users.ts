import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeEnvironment, ROOT } from './terminal.ts';

const exec = promisify(execFile);
/** A registry that stops answering in the middle is asked again soon, and what npm has kept is not asked for. */
const INSTALL = '--prefer-offline --no-audit --no-fund --ignore-scripts --fetch-timeout=60000 --fetch-retries=4'.split(
  ' ',
);

/** The package as npm would publish it, and folders that use it. */
export type PackageUsers = Awaited<ReturnType<typeof packPackage>>;

/** A folder with the packed package installed, as a user has it. */
export interface PackageUser {
  readonly directory: string;
  /** Runs a program to its end, with the folder's own programs on its path; its output, or an error that holds it. */
  run(command: string, options?: RunOptions): Promise<string>;
  /** Starts a program that listens; resolves with what it prints by then. */
  start(command: string, options: StartOptions): Promise<Started>;
}

export interface RunOptions {
  /** The folder of another Node than the one that runs the tests. */
  readonly node?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

export interface StartOptions extends RunOptions {
  /** What it prints once it listens. */
  readonly ready: RegExp;
}

export interface Started {
  /** What `ready` found. */
  readonly found: RegExpExecArray;
  /** Asks it and what it started to stop; resolves with its exit code when all have ended. */
  stop(): Promise<number | null>;
}

/** Packs the checkout, which is built already, into a folder of its own, where everything else is put, too. */
export async function packPackage() {
  const base = await mkdtemp(join(tmpdir(), 'clerk-sync-package-'));
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', base];
  const { stdout } = await exec('npm', pack, { cwd: ROOT, maxBuffer: 1e7 });
  const [{ filename, size, unpackedSize, files }] = JSON.parse(stdout);
  const tarball = join(base, filename);
  return {
    packed: { size, unpackedSize, paths: files.map(({ path }: { path: string }) => path) } as {
      readonly size: number;
      readonly unpackedSize: number;
      readonly paths: readonly string[];
    },
    /** A copy of an example, with the package and all else that it names installed. */
    useExample: async (name: string) => {
      const directory = join(base, name);
      await cp(join(ROOT, 'examples', name), directory, { recursive: true });
      return installUser(directory, tarball);
    },
    /** A new folder with the files of `test/fixtures/package`, the package, and what else is named. */
    useFolder: async (name: string, dependencies: Readonly<Record<string, string>>) => {
      const directory = join(base, name);
      await cp(join(ROOT, 'test/fixtures/package'), directory, { recursive: true });
      const manifest = { private: true, type: 'module', dependencies };
      await writeFile(join(directory, 'package.json'), JSON.stringify(manifest));
      return installUser(directory, tarball);
    },
    /** The folder of the program `node`, of an exact version. */
    useNode: async (version: string) => {
      const system = process.platform === 'win32' ? 'win' : process.platform;
      const name = `node-${system}-${process.arch}`;
      await exec('npm', ['install', ...INSTALL, '--prefix', join(base, 'node'), `${name}@${version}`]);
      return join(base, 'node/node_modules', name, 'bin');
    },
    remove: () => rm(base, { recursive: true, force: true }),
  };
}

async function installUser(directory: string, tarball: string): Promise<PackageUser> {
  const path = join(directory, 'package.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  manifest.dependencies['clerk-sync'] = `file:${tarball}`;
  await writeFile(path, JSON.stringify(manifest));
  await exec('npm', ['install', ...INSTALL], { cwd: directory, maxBuffer: 1e7 });
  return {
    directory,
    run: async (command, options = {}) => {
      const running = exec('sh', ['-c', command], { cwd: directory, env: makeEnv(directory, options), maxBuffer: 1e8 });
      return running.then(
        ({ stdout }) => stdout,
        ({ code, stdout, stderr }) => Promise.reject(new Error(`${command} ended with ${code}:\n${stdout}\n${stderr}`)),
      );
    },
    start: (command, options) => startProgram(command, directory, options),
  };
}

function makeEnv(directory: string, { node, env }: RunOptions): Record<string, string> {
  const { PATH = '', ...others } = makeEnvironment();
  const bins = [node ?? join(ROOT, 'node_modules/node/bin'), join(directory, 'node_modules/.bin')];
  return { ...others, PATH: [...bins, PATH].join(':'), ...env };
}

async function startProgram(command: string, cwd: string, options: StartOptions): Promise<Started> {
  const child = spawn('sh', ['-c', `exec ${command}`], { cwd, env: makeEnv(cwd, options), detached: true });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const ready = Promise.withResolvers<RegExpExecArray>();
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const found = options.ready.exec(output);
      if (found) ready.resolve(found);
    });
  }
  void ended.then((code) => ready.reject(new Error(`${command} ended with ${code}:\n${output}`)));
  return {
    found: await ready.promise,
    stop: () => {
      // The whole group: npx would not pass it on. `close` comes when the last of them has ended.
      if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid as number), 'SIGTERM');
      return ended;
    },
  };
}

/** What a folder holds, in bytes. */
export async function measureFolder(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true });
  const sizes = await Promise.all(
    names.map((name) => stat(join(directory, name)).then((found) => (found.isFile() ? found.size : 0))),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
