import { onTestFinished } from 'vitest';
import type { AdminSettings } from '../../src/admin/admin-parts.ts';
import { createAdminApp } from '../../src/admin/create-admin-app.ts';
import type { AdminConfig } from '../../src/config/config.ts';
import { createPool, type PoolOptions } from '../../src/db/pool.ts';
import { makeApp } from './make-app.ts';
import { useLibrary } from './use-library.ts';

/** The tokens of the tests. */
export const ADMIN_TOKEN = 'operator-token-of-the-tests';
export const READER_TOKEN = 'reader-token-of-the-tests!';

/** What can be other than usual. */
export interface UseAdminOptions extends Partial<AdminConfig>, Pick<PoolOptions, 'statementTimeoutMs'> {
  readonly settings?: Partial<AdminSettings>;
  /** Of another process, to share its database. */
  readonly on?: Awaited<ReturnType<typeof useLibrary>>;
}

/** The service's routes with the operator's page, on a database of the running test's own. */
export async function useAdmin({ on, settings, statementTimeoutMs = 5000, ...config }: UseAdminOptions = {}) {
  const library = on ?? (await useLibrary());
  const pool = createPool({ target: library.target, size: 3, statementTimeoutMs });
  onTestFinished(() => pool.close());
  const access = { token: ADMIN_TOKEN, readonlyToken: READER_TOKEN, path: '/admin', ...config };
  const logs: Record<string, unknown>[] = [];
  const log = (level: string) => (fields: object, msg: string) => void logs.push({ level, msg, ...fields });
  const logger = { info: log('info'), warn: log('warn'), error: log('error') };
  const admin = createAdminApp({
    ...{ config: access, pool, clerkSync: library.clerkSync, logger },
    settings: { deletedUsers: 'erase', hasSecretKey: false, reconcileIntervalMs: undefined, ...settings },
  });
  const { app } = makeApp({ admin, logger: logger as never });
  return { library, sql: library.sql, admin, pool, app, logs, ...createVisitor(app, access.path) };
}

type App = ReturnType<typeof makeApp>['app'];

/** A browser on this machine: it keeps the cookie, and says where its requests come from. */
function createVisitor(app: App, path: string) {
  let cookie = '';
  const visit = async (url: string, { headers, ...init }: RequestInit = {}) => {
    const response = await app.request(`http://localhost:3000${path}${url}`, {
      ...init,
      headers: {
        'sec-fetch-site': 'same-origin',
        ...(cookie === '' ? {} : { cookie }),
        ...Object.fromEntries(new Headers(headers)),
      },
    });
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) cookie = /max-age=0/i.test(set) ? '' : (set.split(';')[0] ?? '');
    return response;
  };
  const post = (url: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}) =>
    visit(url, { method: 'POST', body: new URLSearchParams(fields), headers });
  return {
    visit,
    post,
    signIn: (token: string = ADMIN_TOKEN, name = 'Ada') => post('/sign-in', { token, name }),
    getCookie: () => cookie,
    setCookie: (value: string) => {
      cookie = value;
    },
  };
}
