import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTextOption } from './read-option.ts';

/** A program that takes deliveries over HTTP, in a process of its own. */
export interface RunningContender {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** `before` is another checkout, built, whose folder stands behind `--before`. */
export type ContenderName = 'usual' | 'prepared' | 'before' | 'clerk-sync' | 'lanes' | 'bare';

const ROOT = join(import.meta.dirname, '../..');

/** The checkout to compare with. */
export const BEFORE = readTextOption('before');

/** What `npm start` of a checkout gives to `node`: limits of memory and all. */
function readStart(checkout: string): string[] {
  const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  return scripts.start.split(' ').slice(1);
}

const START = readStart(ROOT);

/** What follows `node`. */
const ARGUMENTS: Readonly<Record<ContenderName, readonly string[]>> = {
  bare: ['test/bench/bare-server.ts'],
  usual: ['test/bench/usual-handler.ts'],
  prepared: ['test/bench/prepared-handler.ts'],
  before: BEFORE === undefined ? [] : readStart(BEFORE),
  'clerk-sync': START,
  lanes: [START[0] ?? '', 'test/bench/lanes-server.ts'],
};

/**
 * Starts a contender and resolves when it listens.
 *
 * @param environment beside what all are given.
 */
export async function startContender(
  name: ContenderName,
  url: string,
  secret: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningContender> {
  const child = spawn(process.execPath, ARGUMENTS[name], {
    cwd: name === 'before' ? BEFORE : ROOT,
    // As in production: the access log is written, to where it costs what a pipe costs.
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      DATABASE_URL: url,
      CLERK_WEBHOOK_SIGNING_SECRET: secret,
      SECRET: secret,
      PORT: '0',
      HOST: '127.0.0.1',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const port = await readPort(child);
  return {
    pid: child.pid as number,
    port,
    async stop() {
      child.kill('SIGTERM');
      const gaveUp = setTimeout(() => child.kill('SIGKILL'), name === 'clerk-sync' || name === 'before' ? 10_000 : 0);
      await once(child, 'exit');
      clearTimeout(gaveUp);
    },
  };
}

function readPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = '';
    let errors = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const port = /listening on http:\/\/[^\s:]+:(\d+)/.exec(output)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (errors.length < 10_000) errors += text;
    });
    child.once('exit', (code) => reject(new Error(`The contender ended with ${code}:\n${output}\n${errors}`)));
  });
}
