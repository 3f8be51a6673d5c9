/** Variables that hosts set. On these hosts the disk of a process usually disappears with it. */
const HOSTS: Readonly<Record<string, string>> = {
  KUBERNETES_SERVICE_HOST: 'Kubernetes',
  ECS_CONTAINER_METADATA_URI_V4: 'AWS',
  K_SERVICE: 'Cloud Run',
  WEBSITE_INSTANCE_ID: 'Azure',
  DYNO: 'Heroku',
  FLY_APP_NAME: 'Fly.io',
  RAILWAY_ENVIRONMENT_ID: 'Railway',
  RENDER: 'Render',
};

/**
 * A sign in the environment that this is production, as a part of a sentence; undefined if there is none. A signing secret is no
 * sign: the first steps with Clerk have one, and no database.
 */
export function findProductionSign(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env.NODE_ENV?.trim() === 'production') return 'NODE_ENV is production';
  if (env.CLERK_SECRET_KEY?.trim().startsWith('sk_live_'))
    return 'CLERK_SECRET_KEY is the key of a production instance (sk_live_)';
  const misspelt = Object.keys(env).find((name) => isMisspelt(name) && env[name]?.trim());
  if (misspelt !== undefined) return `a variable with a name like it is set (${misspelt.replaceAll(/[^\w.-]/g, '?')})`;
  const host = Object.keys(HOSTS).find((name) => env[name]?.trim());
  return host === undefined ? undefined : `${host} is set, as ${HOSTS[host]} does`;
}

/** `database_url`, `DATABASE-URL`, `DATABASE_URI`, or the right name with characters that can't be seen. */
function isMisspelt(name: string): boolean {
  return name !== 'DATABASE_URL' && /^databaseur[il]$/i.test(name.replaceAll(/[^A-Za-z]/g, ''));
}
