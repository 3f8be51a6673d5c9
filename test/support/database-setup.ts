import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/embedded-postgres/start-embedded-postgres.ts';
import { createTemplate } from './database-template.ts';
import { formatUrl } from './format-url.ts';
import { findMemoryDirectory } from './memory-directory.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A superuser's URL of the server, the name of the migrated template and the prefix of this run's databases. */
    testDatabase: { serverUrl: string; template: string; prefix: string };
  }
}

/**
 * One Postgres for the whole run: that of TEST_DATABASE_URL, whose role must be allowed to create databases, or else a
 * fresh one in a temporary directory. Its template is migrated once; each test clones it.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await findServer();
  const template = await createTemplate(server.url);
  project.provide('testDatabase', { serverUrl: server.url, template: template.name, prefix: template.prefix });
  return async () => {
    await template.drop();
    await server.stop();
  };
}

async function findServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const { TEST_DATABASE_URL } = process.env;
  if (TEST_DATABASE_URL !== undefined && TEST_DATABASE_URL !== '') {
    return { url: TEST_DATABASE_URL, stop: () => Promise.resolve() };
  }
  await removeAbandoned();
  const directory = await mkdtemp(join(findMemoryDirectory(), `clerk-sync-test-${process.pid}-`));
  const log = { info: () => undefined, warn: console.warn, error: console.error };
  // Durable as in production: cloning a template costs little all the same.
  const postgres = await startEmbeddedPostgres({ dataDir: directory, log, settings: { max_connections: '300' } });
  return {
    url: formatUrl(postgres.target),
    async stop() {
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Stops and removes what killed runs left behind: Postgres outlives the program that started it. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(findMemoryDirectory())) {
    const owner = Number(/^clerk-sync-test-(\d+)-/.exec(name)?.[1]);
    if (Number.isNaN(owner) || signal(owner, 0)) continue;
    const directory = join(findMemoryDirectory(), name);
    const lockFile = await readFile(join(directory, 'postgres/postmaster.pid'), 'utf8').catch(() => '');
    const postmaster = Number.parseInt(lockFile, 10);
    while (postmaster > 1 && signal(postmaster, 'SIGQUIT')) await delay(50);
    await rm(directory, { recursive: true, force: true, maxRetries: 8 });
  }
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
