import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments, parse as parseYaml } from 'yaml';
import { variables } from '../../../src/config/config-variables.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { findTable, readPage } from '../../support/markdown.ts';

const ROOT = join(import.meta.dirname, '../../..');
const CERTIFICATE = join(import.meta.dirname, '../../fixtures/tls/server.crt');
const page = readPage('docs/deploying.md');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const { version, engines } = JSON.parse(read('package.json'));

describe('the manifest', () => {
  test('of Fly builds the image, checks readiness, and gives a stop its time', () => {
    const { app, build, env, metrics, kill_timeout, http_service } = parseToml(read('deploy/fly.toml')) as {
      readonly [key: string]: unknown;
      readonly build: { readonly dockerfile: string };
      readonly env: Readonly<Record<string, string>>;
      readonly http_service: Readonly<Record<string, unknown>>;
    };
    expect(existsSync(join(ROOT, 'deploy', build.dockerfile))).toBe(true);
    expect({ app, env, metrics, kill_timeout, http_service }).toEqual({
      app: 'clerk-sync',
      env: { METRICS_PORT: '9091' },
      metrics: { port: 9091, path: '/metrics' },
      kill_timeout: '30s',
      http_service: {
        internal_port: Number(variables.PORT.fallback),
        force_https: true,
        auto_stop_machines: 'off',
        min_machines_running: 1,
        checks: [{ method: 'GET', path: '/readyz', interval: '15s', timeout: '5s', grace_period: '30s' }],
      },
    });
    expect(Object.keys(env).filter((name) => !Object.hasOwn(variables, name))).toEqual([]);
  });

  test('of Railway builds the image, checks readiness, and gives a stop its time', () => {
    const { build, deploy } = JSON.parse(read('deploy/railway.json'));
    expect(existsSync(join(ROOT, build.dockerfilePath))).toBe(true);
    expect(deploy).toMatchObject({
      startCommand: 'clerk-sync serve',
      healthcheckPath: '/readyz',
      drainingSeconds: 30,
      restartPolicyType: 'ALWAYS',
    });
  });

  test('of Render builds the image, has a database, and asks for what it can’t know', () => {
    const { services, databases } = parseYaml(read('deploy/render.yaml'));
    const [service] = services;
    expect(existsSync(join(ROOT, service.dockerfilePath))).toBe(true);
    expect(service).toMatchObject({ runtime: 'docker', healthCheckPath: '/readyz', maxShutdownDelaySeconds: 30 });
    expect(service.envVars).toEqual([
      { key: 'DATABASE_URL', fromDatabase: { name: databases[0].name, property: 'connectionString' } },
      { key: 'CLERK_WEBHOOK_SIGNING_SECRET', sync: false },
      { key: 'CLERK_SECRET_KEY', sync: false },
    ]);
  });

  test('of Kubernetes runs this version as an ordinary user, and a service finds it', () => {
    const [deployment, service] = parseAllDocuments(read('deploy/kubernetes.yaml')).map((document) => document.toJS());
    const { spec, metadata } = deployment.spec.template;
    const [container] = spec.containers;
    expect(container.image).toBe(`ghcr.io/clerk-sync/clerk-sync:${version}`);
    expect(spec).toMatchObject({
      terminationGracePeriodSeconds: 30,
      securityContext: { runAsNonRoot: true, runAsUser: 1000 },
    });
    expect(container).toMatchObject({
      ports: [{ name: 'http', containerPort: Number(variables.PORT.fallback) }],
      livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
    });
    expect(deployment.spec.selector.matchLabels).toEqual(metadata.labels);
    expect(service.spec).toMatchObject({ selector: metadata.labels, ports: [{ port: 80, targetPort: 'http' }] });
  });
});

describe('the page about deploying', () => {
  const unverified = { mode: 'require', direct: false, options: { rejectUnauthorized: false } };
  const verified = { mode: 'require', direct: false, options: { rejectUnauthorized: true } };
  const withAuthority = { ...verified, options: { rejectUnauthorized: true, ca: expect.any(Buffer) } };
  const expected = {
    Neon: { tls: verified, prepare: true },
    'Supabase, direct': { tls: withAuthority, prepare: true },
    'Supabase, session pooler': { tls: unverified, prepare: true },
    'Supabase, transaction pooler': { tls: unverified, prepare: false },
    RDS: { tls: withAuthority, prepare: true },
    'Cloud SQL': { hosts: [{ host: '/cloudsql/project:region:instance', port: 5432 }], prepare: true },
  };
  const rows = findTable(page, '## Connection strings');

  test('has a string for each host', () => {
    expect(rows.map(([host]) => host)).toEqual(Object.keys(expected));
  });

  test.each(rows)('has a string for %s that means what the page says', (host = '', text = '') => {
    const url = text.replaceAll('`', '').replace(/(?<=sslrootcert=)[^&]+/, CERTIFICATE);
    expect(parseDatabaseUrl(url)).toMatchObject(expected[host as keyof typeof expected]);
  });

  test('names each manifest, and the Node that the package asks for', () => {
    expect(findTable(page, '## As a service of its own').map(([, file]) => file)).toEqual(
      ['fly.toml', 'railway.json', 'render.yaml', 'kubernetes.yaml'].map(
        (name) => `[\`deploy/${name}\`](../deploy/${name})`,
      ),
    );
    expect(page).toContain(`Node ${engines.node.replace('>=', '')} or newer`);
  });
});
