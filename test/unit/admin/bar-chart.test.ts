import { expect, test } from 'vitest';
import { barChart } from '../../../src/admin/layout/bar-chart.ts';
import { readTable } from '../../support/read-page.ts';

const CHART = {
  id: 'deliveries',
  title: 'Deliveries <a minute>',
  unit: 'From',
  series: ['applied', 'stale'],
  bars: [
    { label: '10:00', values: [1000, 0] },
    { label: '10:01', values: [1, 2999] },
  ],
};

test('bars are stacked, and a small part is still seen', () => {
  const html = String(barChart(CHART));
  const bars = [
    ...html.matchAll(/<rect class="(\S+)" x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)"><title>(.*?)</g),
  ];
  expect(bars.map((bar) => bar.slice(1))).toEqual([
    ['series-0', '0', '66.67', '288', '33.33', '10:00: 1,000 applied'],
    ['series-0', '360', '99', '288', '1', '10:01: 1 applied'],
    ['series-1', '360', '-0.97', '288', '99.97', '10:01: 2,999 stale'],
  ]);
});

test('a chart says in words what it shows, and has a table of the same, the newest first', () => {
  const html = String(barChart({ ...CHART, columns: [{ label: 'Users', values: [7, 8] }] }));
  expect(html).toContain(
    '<title id="deliveries-title">Deliveries &lt;a minute&gt;. In all: 4,000. The highest bar: 3,000.</title>',
  );
  expect(readTable(html, 'Deliveries &lt;a minute&gt;')).toEqual([
    ['10:01', '1', '2,999', '8'],
    ['10:00', '1,000', '0', '7'],
  ]);
});

test('a chart of nothing has no bar', () => {
  const html = String(barChart({ ...CHART, bars: [{ label: '10:00', values: [0, 0] }] }));
  expect(html).not.toContain('<rect');
  expect(html).not.toContain('NaN');
});
