import { expect, it } from 'vitest';
import { nameDatabase } from '../../../src/db/target/database-target.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { makeBanner } from '../../../src/service/make-banner.ts';
import { version } from '../../../src/version.ts';

const url = 'http://127.0.0.1:3000';
const invocation = 'npm run -s clerk-sync --';

it('where clerk-sync is tried out, the banner says how to send a webhook and how to look at the rows', () => {
  const facts = {
    url,
    database: undefined,
    address: 'postgres://clerk_sync:pw@127.0.0.1:5433/clerk_sync',
    secretFile: '.data/webhook-secret',
    invocation,
  };
  expect(makeBanner(facts)).toBe(
    `clerk-sync ${version} is listening on http://127.0.0.1:3000

  webhooks   POST http://127.0.0.1:3000/webhooks/clerk
  database   postgres://clerk_sync:pw@127.0.0.1:5433/clerk_sync
  secret     .data/webhook-secret
  try next   npm run -s clerk-sync -- send user.created
             (in a second terminal)

`,
  );
});

it('with a database of one’s own, it is one line', () => {
  const facts = { url, database: 'db:5432/app', address: undefined, secretFile: undefined, invocation };
  expect(makeBanner(facts)).toBe(
    `clerk-sync ${version} is listening on http://127.0.0.1:3000 and writes to db:5432/app\n`,
  );
});

it.each([
  ['postgres://jane:s3cret@db.example.com:5432/app?sslmode=require', 'db.example.com:5432/app'],
  ['postgresql://jane:p%40ss@[::1]/app', '[::1]:5432/app'],
  ['postgres://jane:s3cret@one:5432,two:5433/app?target_session_attrs=read-write', 'one:5432,two:5433/app'],
  ['postgres://jane@db', 'db:5432/jane'],
])('a database is named without its user and password: %s', (databaseUrl, name) => {
  expect(nameDatabase(parseDatabaseUrl(databaseUrl))).toBe(name);
});
