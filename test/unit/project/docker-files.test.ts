import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { variables } from '../../../src/config/config-variables.ts';
import { readDockerfile } from '../../support/image-tree.ts';
import { findBlocks, readPage } from '../../support/markdown.ts';

const root = join(import.meta.dirname, '../../..');
const readLines = (name: string) =>
  readFileSync(join(root, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '');

describe('the image', () => {
  test('is built from what the checkout has, and only that is sent to the builder', () => {
    const [stage = ''] = readFileSync(join(root, 'Dockerfile'), 'utf8').split('\nFROM ');
    const copied = [...stage.matchAll(/^COPY (.+) \.\S*$/gm)].flatMap(([, paths = '']) => paths.split(' '));
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);

    const [everything, ...allowed] = readLines('.dockerignore').filter((line) => !line.startsWith('#'));
    expect(everything).toBe('*');
    expect(new Set(allowed)).toEqual(new Set(copied.map((path) => `!${path}`)));
  });

  test('has the program on its path under the name that its entry point calls', async () => {
    const { entrypoint, command, workdir } = await readDockerfile();
    expect({ entrypoint, command, workdir }).toEqual({
      entrypoint: ['clerk-sync'],
      command: ['serve'],
      workdir: '/app',
    });
    const text = readFileSync(join(root, 'Dockerfile'), 'utf8');
    expect(text).toContain('ln -s /app/dist/cli.js /usr/local/bin/clerk-sync');
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    // The same limit of memory as `npm start` has.
    expect(scripts.start).toBe(`node ${/NODE_OPTIONS=(\S+)/.exec(text)?.[1]} dist/cli.js serve`);
  });

  test('is built on the Node that the tests run on', () => {
    const bases = readLines('Dockerfile').filter((line) => line.startsWith('FROM '));
    expect(bases.map((line) => /node:(\d+)-slim/.exec(line)?.[1])).toEqual(['24', '24']);
    expect(process.versions.node).toMatch(/^24\./);
  });
});

describe('docker-compose.yml', () => {
  const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');

  test('requires one variable, and hands on all others of .env.example that it does not set itself', () => {
    const interpolated = [...text.matchAll(/\$\{([A-Z_]+)(:[?-])/g)].map(([, name, operator]) => ({ name, operator }));
    const required = interpolated.filter(({ operator }) => operator === ':?').map(({ name }) => name);
    expect(required).toEqual(['CLERK_WEBHOOK_SIGNING_SECRET']);

    // Of these the file, or the image, says what they are.
    const fixed = ['DATABASE_URL', 'EMBEDDED_POSTGRES', 'HOST', 'DATA_DIR'];
    const open = Object.keys(variables).filter((name) => !fixed.includes(name));
    const [traced, own] = [/^OTEL_/, /^(?!OTEL_)/].map((pattern) =>
      interpolated.map(({ name = '' }) => name).filter((name) => pattern.test(name)),
    );
    expect(new Set(own)).toEqual(new Set([...open, 'POSTGRES_PASSWORD']));
    expect(traced?.filter((name) => !readPage('docs/monitoring.md').includes(`\`${name}\``))).toEqual([]);
    expect(traced).toContain('OTEL_EXPORTER_OTLP_ENDPOINT');
  });

  test('is called in docs/deploying.md so that each command finds the variable that it requires', () => {
    const blocks = findBlocks(readPage('docs/deploying.md'), 'sh');
    const block = blocks.find((one) => one.text.includes('docker compose'));
    const [first = '', ...others] = (block?.text ?? '').trim().split('\n');
    expect(first).toBe("echo 'CLERK_WEBHOOK_SIGNING_SECRET=whsec_…' >> .env");
    expect(others.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(['docker compose', 'docker compose']);
  });

  test('gives the service no right to write, and the time to stop that it needs', () => {
    const service = text.slice(text.indexOf('\n  clerk-sync:'), text.indexOf('\nnetworks:'));
    for (const line of ['read_only: true', 'tmpfs: [/tmp]', 'cap_drop: [ALL]', 'stop_grace_period: 30s']) {
      expect(service).toContain(`\n    ${line}\n`);
    }
    expect(service).toContain('condition: service_healthy');
  });

  test('keeps the data of Postgres 18 where its image has it, and publishes no port of it', () => {
    const postgres = text.slice(text.indexOf('\n  postgres:'), text.indexOf('\n  clerk-sync:'));
    expect(postgres).toContain('image: postgres:18\n');
    expect(postgres).toContain('- postgres-data:/var/lib/postgresql\n');
    expect(postgres).not.toContain('ports:');
  });
});

test('secrets and data are kept out of the repository', () => {
  expect(readLines('.gitignore')).toEqual(expect.arrayContaining(['node_modules/', '.data/', '.env', '!.env.example']));
});
