import { inspect } from 'node:util';
import fc from 'fast-check';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/config.ts';
import { migrate } from '../../../src/db/migrations/migrate.ts';
import { createPool } from '../../../src/db/pool.ts';
import { type DatabaseTarget, nameDatabase } from '../../../src/db/target/database-target.ts';
import { describeConnectionFailure } from '../../../src/doctor/checks/database/server.ts';
import { createReadinessCheck } from '../../../src/http/readiness.ts';
import { makeBanner } from '../../../src/service/make-banner.ts';
import { waitForDatabase } from '../../../src/service/wait-for-database.ts';
import { useTestDatabase } from '../../support/database.ts';

/** Everything that a program which can't get in says of a database. */
async function collect(target: DatabaseTarget): Promise<string> {
  const said: unknown[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void said.push(line) });
  const pool = createPool({ target, size: 1 });
  const keep = (error: unknown) => void said.push(error, describeConnectionFailure(nameDatabase(target), error));
  await waitForDatabase({ pool, target, logger, timeoutMs: 2, intervalMs: 1 }).catch(keep);
  await migrate(target).catch(keep);
  said.push(await createReadinessCheck(pool, logger)());
  await pool.withTransaction((session) => session.run('select 1')).catch(keep);
  await pool.close();
  const database = nameDatabase(target);
  said.push(makeBanner({ url: 'http://x', database, address: undefined, secretFile: undefined, invocation: 'x' }));
  return said.map((one) => (typeof one === 'string' ? one : inspect(one, { depth: 10, showHidden: true }))).join('\n');
}

test('whatever the password, no log line, error, banner or report holds it', async () => {
  const { url } = await useTestDatabase({ from: 'nothing' });
  const { port, pathname } = new URL(url);
  const seed = Date.now() % 2 ** 31;
  console.log(`seed ${seed}`);
  // What is looked for stands twice in each password, with what parsers stumble over before, between and behind.
  const rough = fc.string({ unit: fc.constantFrom(...'@:/?#%+ &=,ü🔑a1'), maxLength: 4 });
  const marked = fc.tuple(rough, fc.stringMatching(/^Z[a-z]{11}$/), rough, fc.stringMatching(/^Q[a-z]{11}$/), rough);
  const encode = fc.constantFrom((text: string) => text, encodeURIComponent, encodeURI);
  const places = fc.constantFrom(
    `127.0.0.1:1${pathname}`,
    `127.0.0.1:${port}${pathname}`,
    `127.0.0.1:1,127.0.0.1:${port}/x`,
  );
  let [refused, tried] = [0, 0];
  await fc.assert(
    fc.asyncProperty(rough, marked, encode, places, async (user, parts, write, place) => {
      const DATABASE_URL = `postgres://${write(user)}:${write(parts.join(''))}@${place}`;
      let said: string;
      try {
        const { database } = loadConfig({ DATABASE_URL }, { takesDeliveries: false });
        said = await collect(database as DatabaseTarget);
        tried += 1;
      } catch (error) {
        said = inspect(error, { depth: 10, showHidden: true });
        refused += 1;
      }
      expect([said.includes(parts[1]), said.includes(parts[3])], said).toEqual([false, false]);
    }),
    { seed, numRuns: 60 },
  );
  expect([refused, tried]).toEqual([expect.toSatisfy((count) => count > 3), expect.toSatisfy((count) => count > 3)]);
});
