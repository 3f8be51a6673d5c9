import { describe, expect, test } from 'vitest';
import type { Pool, Session } from '../../../src/db/pool.ts';
import { createRandom } from '../../../src/samples/random.ts';
import type { TestDatabase } from '../../support/database.ts';
import { describeOutcome, INSERT, usePool } from '../../support/halves.ts';

const SEED = Number(process.env.POOL_SEED ?? Date.now() % 2 ** 31);

interface Kind {
  readonly outcome: string;
  work(session: Session, id: number): Promise<unknown>;
}

/** Ways for a transaction to go, and how each has to end. */
const KINDS: Record<string, Kind> = {
  sequential: {
    outcome: 'committed',
    async work(session, id) {
      await session.run(INSERT, [id, 'first']);
      await session.run(INSERT, [id, 'second']);
    },
  },
  pipelined: {
    outcome: 'committed',
    work: (session, id) => Promise.all([session.run(INSERT, [id, 'first']), session.run(INSERT, [id, 'second'])]),
  },
  slow: {
    outcome: 'committed',
    async work(session, id) {
      await session.run(INSERT, [id, 'first']);
      await session.run('select pg_sleep($1::float8)', [0.005]);
      await session.run(INSERT, [id, 'second']);
    },
  },
  throwing: {
    outcome: 'Error: changed its mind',
    async work(session, id) {
      await session.run(INSERT, [id, 'first']);
      throw new Error('changed its mind');
    },
  },
  refused: {
    outcome: '23514',
    async work(session, id) {
      await session.run(INSERT, [id, 'first']);
      await session.run(INSERT, [id, 'refused']);
    },
  },
  'refused in a pipeline': {
    outcome: '23514',
    work: (session, id) => Promise.all(['first', 'refused', 'second'].map((half) => session.run(INSERT, [id, half]))),
  },
  'blind to its failure': {
    outcome: '23505',
    async work(session, id) {
      await session.run(INSERT, [id, 'first']);
      await session.run(INSERT, [id, 'first']).catch(() => undefined);
    },
  },
  'killed between its halves': {
    outcome: 'unavailable',
    async work(session, id) {
      await session.run(INSERT, [id, 'first']);
      await session.run('select pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
      await session.run(INSERT, [id, 'second']);
    },
  },
  'killed with more in the pipeline': {
    outcome: 'unavailable',
    work: (session, id) =>
      Promise.all([
        session.run(INSERT, [id, 'first']),
        session.run('select pg_terminate_backend(pg_backend_pid()), $1::text', ['and a parameter']),
        session.run(INSERT, [id, 'second']),
        session.run(`${INSERT} /* not prepared yet */`, [id, 'third']),
      ]),
  },
  'too slow': {
    outcome: 'unavailable',
    async work(session, id) {
      await session.run(INSERT, [id, 'first']);
      await session.run('set local statement_timeout = 50');
      await session.run('select pg_sleep(60)');
    },
  },
};

describe('a saturated pool settles every transaction, whole or not at all', () => {
  const sizes = Array.from({ length: 20 }, (_, place) => place + 1);
  test.for(sizes)(`with %i connections (seed ${SEED})`, async (size) => {
    const random = createRandom(SEED, size);
    const { database, pool } = await usePool({ size });
    const names = Object.keys(KINDS);
    const plan = Array.from({ length: 12 * size }, (_, id) => {
      const name = random.chance(0.6) ? random.pick(['sequential', 'pipelined', 'slow']) : random.pick(names);
      return { id, name, kind: KINDS[name] as Kind };
    });
    let running = 0;
    let mostRunning = 0;

    const outcomes = await Promise.all(
      plan.map(async ({ id, name, kind }) => {
        const promise = pool.withTransaction(async (session) => {
          running += 1;
          mostRunning = Math.max(mostRunning, running, pool.inFlight);
          await kind.work(session, id).finally(() => {
            running -= 1;
          });
        });
        return { id, name, outcome: await describeOutcome(promise) };
      }),
    );

    expect(outcomes).toEqual(plan.map(({ id, name, kind }) => ({ id, name, outcome: kind.outcome })));
    expect({ mostRunning, inFlight: pool.inFlight }).toEqual({ mostRunning: size, inFlight: 0 });
    const rows = await database.sql`
      select transaction as id, array_agg(half order by half) as halves from halves group by 1 order by 1`;
    const committed = plan.filter(({ kind }) => kind.outcome === 'committed');
    expect([...rows]).toEqual(committed.map(({ id }) => ({ id, halves: ['first', 'second'] })));
    await expectWhole(database, pool);
  });
});

/** All connections can be had at once, none is in a transaction, and Postgres knows of no more than the pool's size. */
async function expectWhole({ sql }: TestDatabase, pool: Pool): Promise<void> {
  const gate = Promise.withResolvers<void>();
  let arrived = 0;
  const pids = await Promise.all(
    Array.from({ length: pool.size }, () =>
      pool.withTransaction(async (session) => {
        const [row] = await session.run<{ pid: number; fresh: boolean }>(
          'select pg_backend_pid() as pid, pg_current_xact_id_if_assigned() is null as fresh',
        );
        arrived += 1;
        if (arrived === pool.size) gate.resolve();
        await gate.promise;
        return row?.fresh === true ? row.pid : undefined;
      }),
    ),
  );
  expect(new Set(pids).size).toBe(pool.size);
  const connected = async () => {
    const [row] = await sql<{ count: number }[]>`
      select count(*)::int from pg_stat_activity where datname = current_database() and application_name = 'clerk-sync'`;
    return row?.count;
  };
  await expect.poll(connected).toBe(pool.size);
}
