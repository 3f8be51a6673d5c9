import { expect, test } from 'vitest';
import { nameDatabase } from '../../../src/db/target/database-target.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { makeBanner } from '../../../src/service/make-banner.ts';
import { version } from '../../../src/version.ts';

const url = 'http://127.0.0.1:3000';
const facts = {
  url,
  database: {
    address: 'postgres://clerk_sync:pw@127.0.0.1:5433/clerk_sync',
    passwordFile: '/app/.data/postgres/clerk-sync.pgpass',
  },
  isTerminal: true,
  secretFile: '.data/webhook-secret',
};

test('with the embedded database, the banner says how to send a webhook and how to see the rows', () => {
  expect(makeBanner(facts)).toBe(
    `clerk-sync ${version} is listening on http://127.0.0.1:3000

  webhooks   POST http://127.0.0.1:3000/webhooks/clerk
  database   postgres://clerk_sync:pw@127.0.0.1:5433/clerk_sync
  secret     .data/webhook-secret
  try next   clerk-sync send user.created
             (in a second terminal)

`,
  );
});

test('a password is shown only on a terminal: what goes to a pipe is often stored as a log', () => {
  expect(makeBanner({ ...facts, isTerminal: false })).toContain(
    '  database   postgres://clerk_sync@127.0.0.1:5433/clerk_sync (password in /app/.data/postgres/clerk-sync.pgpass)\n',
  );
});

test('on another port the suggested command names the address, because a second terminal does not know the port', () => {
  expect(makeBanner({ ...facts, url: 'http://127.0.0.1:4000' })).toContain(
    '  try next   clerk-sync send user.created --url http://127.0.0.1:4000\n',
  );
});

test('with a configured database the banner is one line', () => {
  expect(makeBanner({ ...facts, database: 'db:5432/app' })).toBe(
    `clerk-sync ${version} is listening on http://127.0.0.1:3000 and writes to db:5432/app\n`,
  );
});

test.each([
  ['postgres://jane:s3cret@db.example.com:5432/app?sslmode=require', 'db.example.com:5432/app'],
  ['postgresql://jane:p%40ss@[::1]/app', '[::1]:5432/app'],
  ['postgres://jane:s3cret@one:5432,two:5433/app?target_session_attrs=read-write', 'one:5432,two:5433/app'],
  ['postgres://jane@db', 'db:5432/jane'],
])('a database is named without its user and password: %s', (databaseUrl, name) => {
  expect(nameDatabase(parseDatabaseUrl(databaseUrl))).toBe(name);
});

test('the banner names the operator’s page if there is one', () => {
  expect(makeBanner({ ...facts, adminPath: '/ops/clerk' })).toContain(`\n  page       ${facts.url}/ops/clerk\n`);
});
