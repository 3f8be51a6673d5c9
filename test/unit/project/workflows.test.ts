import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const { engines, publishConfig, repository } = JSON.parse(read('package.json'));

test('the packed program is tried on the oldest Node that the package takes, and on the newest', () => {
  const { jobs } = parse(read('.github/workflows/ci.yml'));
  expect(jobs.package.strategy.matrix.node).toEqual([engines.node.replace('>=', ''), '22', '24']);
});

test('a release has the identity that npm trusts, and the image is made for two kinds of processors', () => {
  const { on, jobs } = parse(read('.github/workflows/release.yml'));
  expect(on.push).toEqual({ tags: ['v*.*.*'] });
  expect(jobs.npm.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
  expect(publishConfig).toEqual({ access: 'public', provenance: true });
  // npm refuses a provenance that names another repository.
  expect(repository.url).toMatch(/^git\+https:\/\/github\.com\/[\w-]+\/clerk-sync\.git$/);
  const build = jobs.image.steps.find(({ with: options }: { with?: { platforms?: string } }) => options?.platforms);
  expect(build.with.platforms).toBe('linux/amd64,linux/arm64');
});

test('no step of a release holds a token of npm', () => {
  expect(read('.github/workflows/release.yml')).not.toMatch(/NODE_AUTH_TOKEN|NPM_TOKEN|secrets\./);
});
