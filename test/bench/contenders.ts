import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };

/** A program that takes deliveries over HTTP, in a process of its own. */
export interface RunningContender {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

export type ContenderName = 'usual' | 'prepared' | 'clerk-sync' | 'lanes' | 'bare';

const ROOT = join(import.meta.dirname, '../..');

/** What `npm start` gives to `node`: limits of memory and all. */
const [OPTION = ''] = packageJson.scripts.start.split(' ').slice(1);

/** What follows `node`. */
const ARGUMENTS: Readonly<Record<ContenderName, readonly string[]>> = {
  bare: ['test/bench/bare-server.ts'],
  usual: ['test/bench/usual-handler.ts'],
  prepared: ['test/bench/prepared-handler.ts'],
  'clerk-sync': [OPTION, 'dist/cli.js', 'serve'],
  lanes: [OPTION, 'test/bench/lanes-server.ts'],
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
    cwd: ROOT,
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
      const gaveUp = setTimeout(() => child.kill('SIGKILL'), name === 'clerk-sync' ? 10_000 : 0);
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
