import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { useTestDatabase } from '../support/database.ts';
import { openConnection } from '../support/raw-http.ts';
import { type ServiceProcess, spawnService, startService } from '../support/service.ts';
import { makeSecret, makeSignedRequest } from '../support/signed-request.ts';
import { makeUserEvent } from '../support/use-receiving-app.ts';

async function useService() {
  const database = await useTestDatabase();
  const secret = makeSecret();
  const service = await startService({
    env: { DATABASE_URL: database.url, CLERK_WEBHOOK_SIGNING_SECRET: secret },
  });
  onTestFinished(() => service.cleanUp());
  return { service, secret, sql: database.sql };
}

async function useProcess(env: Record<string, string>): Promise<ServiceProcess> {
  const service = await spawnService({ env });
  onTestFinished(() => service.cleanUp());
  return service;
}

/** Posts one user's event; the outcome, the code of a refusal, or the code of a connection that failed. */
async function post(url: string, secret: string, userId: string): Promise<string> {
  const request = makeSignedRequest(JSON.stringify(makeUserEvent({}, userId)), { secret });
  try {
    const response = await fetch(`${url}/webhooks/clerk`, request);
    const body = (await response.json()) as { outcome?: string; error?: { code: string } };
    return body.outcome ?? `${response.status} ${body.error?.code}`;
  } catch (error) {
    return describeConnectionError(error);
  }
}

function describeConnectionError(error: unknown): string {
  const { cause } = error as { cause?: { code?: string } };
  return cause?.code ?? String(error);
}

describe('SIGTERM', () => {
  test('under load lets every accepted delivery be answered, and what was answered is in the tables', async () => {
    const { service, secret, sql } = await useService();
    const answers = new Map<string, string>();
    let stopped = false;
    let sent = 0;
    const client = async () => {
      while (!stopped) {
        sent += 1;
        const userId = `user_${sent}`;
        answers.set(userId, await post(service.url, secret, userId));
      }
    };
    const load = Promise.all(Array.from({ length: 32 }, client));
    await expect.poll(() => answers.size, { timeout: 30_000 }).toBeGreaterThan(200);
    const exit = await service.sigterm();
    stopped = true;
    await load;
    const applied = [...answers].filter(([, answer]) => answer === 'applied').map(([userId]) => userId);
    const rows = await sql<{ id: string }[]>`select id from clerk.users`;
    const ids = new Set(rows.map(({ id }) => id));
    expect(exit).toEqual({ code: 0, signal: null });
    // Both ways round: nothing was acknowledged and lost, nothing was kept without the sender being told.
    expect(ids).toEqual(new Set(applied));
    // Nothing was dropped in the middle: whoever was not answered had found a closed door, or a connection that
    // closed while idle.
    const others = new Set([...answers.values()].filter((answer) => answer !== 'applied'));
    expect(
      [...others].filter((answer) => !/^(ECONNREFUSED|ECONNRESET|UND_ERR_SOCKET|503 draining)$/.test(answer)),
    ).toEqual([]);
    console.info(`applied ${applied.length} of ${answers.size}; rows ${ids.size}; others: ${[...others].join(', ')}`);
  });

  test('waits for a delivery that is in the middle of its transaction', async () => {
    const { service, secret, sql } = await useService();
    const lock = await holdLock(sql);
    const answer = post(service.url, secret, 'user_1');
    await lock.untilSomebodyWaits();
    service.kill('SIGTERM');
    await expect.poll(() => service.logs().map(({ msg }) => msg)).toContain('stopping');
    expect(await post(service.url, secret, 'user_2')).toBe('ECONNREFUSED');
    lock.release();
    expect([await answer, await service.exited]).toEqual(['applied', { code: 0, signal: null }]);
    expect([...(await sql`select id from clerk.users`)]).toEqual([{ id: 'user_1' }]);
  });

  test('does not wait for a client that never completes its request', async () => {
    const { service } = await useService();
    const [silent, slow] = [await openConnection(service.url), await openConnection(service.url)];
    onTestFinished(() => void [silent, slow].map(({ socket }) => socket.destroy()));
    slow.write('POST /webhooks/clerk HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\n{');
    await expect.poll(async () => (await fetch(`${service.url}/healthz`)).status).toBe(200);
    expect(await service.sigterm()).toEqual({ code: 0, signal: null });
  });

  test('a second time ends the program at once, with 1', async () => {
    const { service, secret, sql } = await useService();
    const lock = await holdLock(sql);
    const answer = post(service.url, secret, 'user_1');
    await lock.untilSomebodyWaits();
    service.kill('SIGTERM');
    // Signals within half a second are one and the same, so it is sent until it is heard.
    const again = setInterval(() => service.kill('SIGTERM'), 100);
    const exit = await service.exited;
    clearInterval(again);
    expect([exit, await answer]).toEqual([
      { code: 1, signal: null },
      expect.stringMatching(/UND_ERR_SOCKET|ECONNRESET/),
    ]);
    expect(service.logs().map(({ msg }) => msg)).toContain('a second signal stopped it at once');
    lock.release();
    await expect
      .poll(
        async () =>
          (
            await sql`select 1 from pg_stat_activity where application_name = 'clerk-sync' and datname = current_database()`
          ).length,
      )
      .toBe(0);
  });
});

describe('a start that can’t succeed', () => {
  test('ends with 1 and a sentence if the port is in use', async () => {
    const { url } = await useTestDatabase();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen({ host: '127.0.0.1', port: 0 }, resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const service = await useProcess({
      PORT: String(port),
      DATABASE_URL: url,
      CLERK_WEBHOOK_SIGNING_SECRET: makeSecret(),
    });
    expect([await service.exited, service.output().stdout]).toEqual([{ code: 1, signal: null }, '']);
    expect(service.output().stderr).toContain(
      `clerk-sync: Port ${port} on 127.0.0.1 is already in use.\nStop the program that uses it, or set PORT to another number.\n`,
    );
  });

  test('ends with 2 and every problem at once if the configuration is wrong, and quotes no value', async () => {
    const service = await useProcess({ PORT: '99999', LOG_LEVEL: 'loud', CLERK_WEBHOOK_SIGNING_SECRET: 'hunter2' });
    expect([await service.exited, service.output().stdout]).toEqual([{ code: 2, signal: null }, '']);
    const { stderr } = service.output();
    expect(stderr.match(/^ {2}- (\w+)/gm)).toEqual(['  - CLERK_WEBHOOK_SIGNING_SECRET', '  - PORT', '  - LOG_LEVEL']);
    expect(stderr).not.toMatch(/hunter2|99999|loud/);
  });

  test('ends with 1 and a sentence if the password is wrong, and does not show it', async () => {
    const { url } = await useTestDatabase();
    const DATABASE_URL = Object.assign(new URL(url), { password: 'hunter2' }).href;
    const service = await useProcess({ DATABASE_URL, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() });
    const { host, pathname } = new URL(url);
    expect([await service.exited, service.output()]).toEqual([
      { code: 1, signal: null },
      {
        stdout: '',
        stderr: `clerk-sync: No connection to the database ${host}${pathname} (28P01).\nThe user or the password in DATABASE_URL is wrong.\n`,
      },
    ]);
  });

  test('ends with 1 if the database is newer than the program', async () => {
    const { url, sql } = await useTestDatabase();
    await sql`insert into clerk.migrations (name, hash) values ('9999_future', 'x')`;
    const service = await useProcess({ DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() });
    expect([await service.exited, service.output().stdout]).toEqual([{ code: 1, signal: null }, '']);
    expect(service.output().stderr).toContain('9999_future');
  });
});

test('with a configured database the service prints one line, without the password', async () => {
  const { service } = await useService();
  expect(service.output().stdout).toMatch(
    /^clerk-sync \S+ is listening on http:\/\/127\.0\.0\.1:\d+ and writes to [^@\s]+\n$/,
  );
});

/** Locks the users' table, so that every delivery stops in the middle of its transaction. */
async function holdLock(sql: Awaited<ReturnType<typeof useTestDatabase>>['sql']) {
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const transaction = sql.begin(async (holder) => {
    await holder`lock table clerk.users in access exclusive mode`;
    held.resolve();
    await released.promise;
  });
  onTestFinished(async () => {
    released.resolve();
    await transaction;
  });
  await held.promise;
  const untilSomebodyWaits = async () => {
    for (;;) {
      const [row] =
        await sql`select count(*)::int as waiting from pg_locks where not granted and relation = 'clerk.users'::regclass`;
      if (row?.waiting > 0) return;
    }
  };
  return { untilSomebodyWaits, release: () => released.resolve() };
}
