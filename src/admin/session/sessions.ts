import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Context } from 'hono';
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie';
import type { CookieOptions } from 'hono/utils/cookie';
import { adminSessions } from '../../../drizzle/schema/admin.ts';
import type { Pool } from '../../db/pool.ts';
import { namesOf } from '../../db/sql/columns.ts';
import { defineStatement } from '../../db/sql/define-statement.ts';
import type { AdminEnv, Viewer } from '../admin-env.ts';
import { findTransport } from './find-transport.ts';
import type { Tokens } from './tokens.ts';

/** Somebody has to sign in again after this time, also if they are active. */
const SESSION_SECONDS = 12 * 3600;

const COOKIE = 'clerk_sync_admin';

const s = adminSessions;

const START = defineStatement(
  'start a session',
  sql`
  insert into ${s} (${namesOf([s.session_id, s.role, s.actor, s.expires_at])})
  values ($1, $2, $3, now() + ${sql.raw(`interval '${SESSION_SECONDS} seconds'`)})`,
);

const REMOVE_EXPIRED = defineStatement(
  'remove expired sessions at a sign-in',
  sql`delete from ${s} where ${s.expires_at} <= now()`,
);

const FIND = defineStatement(
  'find a session',
  sql`select ${s.role}, ${s.actor} from ${s} where ${s.session_id} = $1 and ${s.expires_at} > now()`,
);

const END = defineStatement('end a session', sql`delete from ${s} where ${s.session_id} = $1`);

/** Who is signed in. The cookie has a random id, and the database its hash: a cookie without its row is worth nothing. */
export interface Sessions {
  readonly start: (c: Context<AdminEnv>, viewer: Pick<Viewer, 'role' | 'actor'>) => Promise<void>;
  /** Undefined without a valid cookie, or if its session has ended. */
  readonly find: (c: Context<AdminEnv>) => Promise<Viewer | undefined>;
  readonly end: (c: Context<AdminEnv>) => Promise<void>;
}

/** Keeps sessions in the database, so that every process knows them. */
export function createSessions(pool: Pool, { cookieKey }: Pick<Tokens, 'cookieKey'>): Sessions {
  const readId = async (c: Context<AdminEnv>) => {
    const id = await getSignedCookie(c, cookieKey, COOKIE, chooseCookie(c).prefix);
    return id ? hash(id) : undefined;
  };
  return {
    async start(c, { role, actor }) {
      const id = randomBytes(32).toString('base64url');
      await pool.withTransaction(async (session) => {
        await session.run(REMOVE_EXPIRED);
        await session.run(START, [hash(id), role, actor]);
      });
      await setSignedCookie(c, COOKIE, id, cookieKey, { ...chooseCookie(c), maxAge: SESSION_SECONDS });
    },
    async find(c) {
      const id = await readId(c);
      if (id === undefined) return;
      const [row] = await pool.withTransaction((session) => session.run<Omit<Viewer, 'via'>>(FIND, [id]));
      return row === undefined ? undefined : { ...row, via: 'page' };
    },
    async end(c) {
      const id = await readId(c);
      if (id !== undefined) await pool.withTransaction((session) => session.run(END, [id]));
      deleteCookie(c, COOKIE, chooseCookie(c));
    },
  };
}

/** A `__Host-` cookie can't be set by another host or over plain text. Browsers accept it only over TLS. */
function chooseCookie(c: Context<AdminEnv>): CookieOptions {
  const always = { path: '/', httpOnly: true, sameSite: 'Strict' } as const;
  return findTransport(c) === 'https' ? { ...always, secure: true, prefix: 'host' } : always;
}

function hash(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}
