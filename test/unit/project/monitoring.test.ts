import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { findTable, readPage } from '../../support/markdown.ts';
import {
  findMetricNames,
  listMetrics,
  listMonitoringQueries,
  readAlertRules,
  readMonitoring,
  readPanels,
  renderEveryMetric,
} from '../../support/monitoring.ts';

const root = join(import.meta.dirname, '../../..');
const page = readPage('docs/monitoring.md');
const rules = readAlertRules();
const panels = readPanels();
const dashboard = readMonitoring('dashboard.json');

/** In the continuous integration a missing promtool is a fault. Elsewhere these tests are skipped: it comes with Prometheus. */
const hasPromtool = process.env.CI !== undefined || spawnSync('promtool', ['--version']).status === 0;
const WHY = hasPromtool ? '' : ' (skipped: promtool is not installed; it is in the package prometheus)';

function runPromtool(...args: string[]) {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { cwd: root, encoding: 'utf8' });
  return { status, problem: status === 0 ? '' : `${error?.message ?? ''}${stdout}${stderr}` };
}

describe('the page about monitoring', () => {
  test('lists the metrics that the service has, with their types and labels', async () => {
    const text = await renderEveryMetric();
    const own = listMetrics(text).filter(({ name }) => name.startsWith('clerk_sync_'));
    const rows = own.map(({ name, type }) => {
      const [, labels = ''] = new RegExp(`^${name}(?:_count)?\\{(.*)\\} `, 'm').exec(text) ?? [];
      const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => `\`${label}\``);
      return [`\`${name}\``, type, names.join(', ')];
    });
    expect(findTable(page, '## Metrics').map((row) => row.slice(0, 3))).toEqual(rows);
  });

  test('lists the alerts, with their severities', () => {
    expect(findTable(page, '## Alerts').map((row) => row.slice(0, 2))).toEqual(
      rules.map(({ alert, labels }) => [`\`${alert}\``, labels.severity]),
    );
  });
});

test('the rules and the dashboard query only metrics that the service has', async () => {
  const names = new Set(listMetrics(await renderEveryMetric()).map(({ name }) => name));
  const queried = listMonitoringQueries().flatMap(findMetricNames);
  expect(queried.length).toBeGreaterThan(60);
  expect(queried.filter((name) => !names.has(name))).toEqual([]);
});

test('the dashboard shows every metric of clerk-sync', async () => {
  const shown = new Set(panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => findMetricNames(expr))));
  const own = listMetrics(await renderEveryMetric()).filter(({ name }) => name.startsWith('clerk_sync_'));
  expect(own.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([]);
});

describe('the alert rules', () => {
  test('say in each what is wrong, why that matters, and what to do', () => {
    for (const { alert, annotations } of rules) {
      expect({ alert, keys: Object.keys(annotations) }).toEqual({ alert, keys: ['summary', 'reason', 'action'] });
    }
  });

  test('have unique names, and a test that fires each and one that does not', () => {
    const tests = readMonitoring('alerts.test.yml');
    const isTested = (alert: string, samples: string) =>
      tests
        .split('\n')
        .some((line) => line.includes(`alertname="${alert}",`) && line.includes(`exp_samples: ${samples}`));
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    const untested = rules.filter(({ alert }) => !isTested(alert, '[{') || !isTested(alert, '[] '));
    expect(untested.map(({ alert }) => alert)).toEqual([]);
  });

  test.runIf(hasPromtool)(`are accepted by promtool${WHY}`, () => {
    expect(runPromtool('check', 'rules', 'docs/monitoring/alerts.yml')).toEqual({ status: 0, problem: '' });
  });

  test.runIf(hasPromtool)(`fire when they should${WHY}`, { timeout: 240_000 }, () => {
    expect(runPromtool('test', 'rules', 'docs/monitoring/alerts.test.yml')).toEqual({ status: 0, problem: '' });
  });
});

describe('the dashboard', () => {
  test('has panels with ids, titles, descriptions and units of their own', () => {
    const shown = panels.filter(({ type }) => type !== 'row');
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    const poor = shown.filter(({ description, fieldConfig }) => !description || !fieldConfig?.defaults.unit);
    expect([shown.length > 30, poor.map(({ title }) => title)]).toEqual([true, []]);
  });

  test('puts no panel over another, and none beyond the edge', () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, place) => `${x + (place % w)},${y + Math.floor(place / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });

  test('takes its data source, job and instances from variables, and names no data source', () => {
    const { templating } = JSON.parse(dashboard) as { templating: { list: { name: string; type: string }[] } };
    expect(templating.list.map(({ name, type }) => ({ name, type }))).toEqual([
      { name: 'datasource', type: 'datasource' },
      { name: 'job', type: 'query' },
      { name: 'instance', type: 'query' },
    ]);
    const uids = [...dashboard.matchAll(/"uid": "\$\{(\w+)\}"/g)].map(([, variable]) => variable);
    expect([uids.length > 30, new Set(uids)]).toEqual([true, new Set(['datasource'])]);
    expect(dashboard.match(/"uid":/g)).toHaveLength(uids.length);
    const exprs = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(exprs.filter((expr) => !expr.includes('job=~"$job"'))).toEqual([]);
  });

  test.runIf(hasPromtool)(`has queries that promtool can parse${WHY}`, () => {
    const directory = mkdtempSync(join(tmpdir(), 'clerk-sync-dashboard-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const queries = panels.flatMap(({ id, targets = [] }) =>
      targets.map(({ refId, expr }) => ({
        record: `panel:${id}:${refId}`,
        expr: expr.replaceAll('$__rate_interval', '5m'),
      })),
    );
    const path = join(directory, 'queries.yml');
    writeFileSync(path, stringify({ groups: [{ name: 'dashboard', rules: queries }] }));
    expect(runPromtool('check', 'rules', path)).toEqual({ status: 0, problem: '' });
  });
});
