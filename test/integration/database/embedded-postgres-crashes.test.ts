import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { spawnLines } from '../../support/child-lines.ts';
import { killPostmaster, makeDataDir, query, readPid, silent, start } from '../../support/embedded-data-dir.ts';

const EMBEDDED_PROCESS = join(import.meta.dirname, '../../support/embedded-process.ts');

describe('the embedded Postgres, when programs come, go and are killed', () => {
  test('recovers what was committed after its main process was killed', async () => {
    const dataDir = await makeDataDir();
    const child = spawnLines(EMBEDDED_PROCESS, dataDir);
    const { url } = JSON.parse(await child.readLine());
    await query(url, 'create table kept as select 42 as value');
    await child.kill('SIGKILL');
    await killPostmaster((await readPid(dataDir)) ?? 0);

    const embedded = await start(dataDir);

    expect(await query(embedded.url, 'select value from kept')).toEqual([{ value: 42 }]);
    await embedded.stop();
  });

  test('is found again, still running, after the program that started it was killed', async () => {
    const dataDir = await makeDataDir();
    const child = spawnLines(EMBEDDED_PROCESS, dataDir);
    const { url } = JSON.parse(await child.readLine());
    const pid = await readPid(dataDir);
    await child.kill('SIGKILL');
    expect(await query(url, 'select 1 as value')).toEqual([{ value: 1 }]);

    const embedded = await start(dataDir);

    expect([embedded.url, await readPid(dataDir)]).toEqual([url, pid]);
    await embedded.stop();
    expect(await readPid(dataDir)).toBeUndefined();
  });

  test('is not stopped by Ctrl-C at the terminal, which every process of a group gets', async () => {
    const dataDir = await makeDataDir();
    const child = spawnLines(EMBEDDED_PROCESS, dataDir);
    const { url } = JSON.parse(await child.readLine());

    process.kill(-(child.process.pid ?? 0), 'SIGINT');
    await child.kill('SIGINT');

    expect(await query(url, 'select 1 as value')).toEqual([{ value: 1 }]);
  });

  test('comes back on its own, on the same port, when it is killed under a running program', async () => {
    const dataDir = await makeDataDir();
    const back = Promise.withResolvers<void>();
    const log = {
      ...silent,
      info: (_: object, message: string) => message === 'the built-in Postgres runs again' && back.resolve(),
    };
    const embedded = await start(dataDir, log as typeof silent);
    await query(embedded.url, 'create table kept as select 42 as value');

    await killPostmaster((await readPid(dataDir)) ?? 0);
    await back.promise;

    expect(await query(embedded.url, 'select value from kept')).toEqual([{ value: 42 }]);
    await embedded.stop();
    expect(await readPid(dataDir)).toBeUndefined();
  });

  test('is shared by programs that use one directory, and stopped by the last of them', async () => {
    const dataDir = await makeDataDir();
    // Both find an empty directory, so they race for everything.
    const [first, second] = [spawnLines(EMBEDDED_PROCESS, dataDir), spawnLines(EMBEDDED_PROCESS, dataDir)];
    const [one, other] = [JSON.parse(await first.readLine()), JSON.parse(await second.readLine())];
    expect(one).toEqual(other);
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log']);

    first.writeLine('leave');
    expect(await first.readLine()).toBe('left');
    expect(await query(one.url, 'select 1 as value')).toEqual([{ value: 1 }]);

    second.writeLine('leave');
    expect(await second.readLine()).toBe('left');
    expect(await readPid(dataDir)).toBeUndefined();
  });

  test('does not let a program in that starts while the last one is about to stop it', async () => {
    const dataDir = await makeDataDir();
    const child = spawnLines(EMBEDDED_PROCESS, dataDir);
    const { url } = JSON.parse(await child.readLine());
    await child.kill('SIGKILL');
    const pid = (await readPid(dataDir)) ?? 0;
    // What the last program does first: from here on nobody may join.
    const last = postgres(url.replace(/[^/]*$/, 'postgres'), { max: 1 });
    await last`select pg_advisory_lock(${0x63_6c_65_72_6c}::bigint)`;

    const starting = start(dataDir);
    // Turned away again and again, each time on a new connection.
    const attempts = new Set<number>();
    while (attempts.size < 3) {
      const rows = await last`select pid from pg_stat_activity where application_name like 'clerk-sync (keeps%'`;
      for (const row of rows) attempts.add(row.pid);
    }
    process.kill(pid, 'SIGINT');
    const embedded = await starting;

    expect(await readPid(dataDir)).not.toBe(pid);
    expect(await query(embedded.url, 'select 1 as value')).toEqual([{ value: 1 }]);
    await embedded.stop();
    await last.end();
  });

  test('begins anew when an earlier start was interrupted while it initialised', async () => {
    const dataDir = await makeDataDir();
    const child = spawnLines(EMBEDDED_PROCESS, dataDir);
    while (!(await hasHalfCluster(dataDir))) await delay(5);
    await child.kill('SIGKILL');
    expect(await readdir(dataDir)).not.toContain('postgres');

    const embedded = await start(dataDir);

    expect(await query(embedded.url, 'select 1 as value')).toEqual([{ value: 1 }]);
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log']);
    await embedded.stop();
  });

  test('starts although its lock file names a process that is something else by now', async () => {
    const dataDir = await makeDataDir();
    const first = await start(dataDir);
    const bystander = execFile(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    onTestFinished(() => void bystander.kill());
    const lockFile = join(dataDir, 'postgres/postmaster.pid');
    const lines = (await readFile(lockFile, 'utf8')).split('\n');
    await first.stop();
    await writeFile(lockFile, [bystander.pid, ...lines.slice(1)].join('\n'));

    const second = await start(dataDir);

    expect(second.url).toBe(first.url);
    await second.stop();
  });
});

async function hasHalfCluster(dataDir: string): Promise<boolean> {
  const [workplace] = (await readdir(dataDir)).filter((name) => name.startsWith('postgres.init-'));
  if (workplace === undefined) return false;
  return (await readdir(join(dataDir, workplace, 'data')).catch(() => [])).length > 3;
}
