import { randomBytes } from 'node:crypto';
import type postgres from 'postgres';
import { inject, onTestFinished } from 'vitest';
import { withServer } from './database-template.ts';

/** A name for a role, which belongs to the whole server: removed after the test's database, where its rights are. */
export function useRole(): string {
  const role = `clerk_sync_test_${randomBytes(6).toString('hex')}`;
  const { serverUrl } = inject('testDatabase');
  onTestFinished(() =>
    withServer(serverUrl, async (server) => void (await server.unsafe(`drop role if exists ${role}`))),
  );
  return role;
}

/** Runs statements that give `role` its rights, and lets it log in. Resolves with its URL. */
export async function grantRole(sql: postgres.Sql, url: string, statements: string, role: string): Promise<string> {
  const password = randomBytes(12).toString('hex');
  await sql.unsafe(statements);
  await sql.unsafe(`alter role ${role} login password '${password}'`);
  const asRole = new URL(url);
  asRole.username = role;
  asRole.password = password;
  return asRole.href;
}
