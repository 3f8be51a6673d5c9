import { formatCount } from '../../text/format-quantity.ts';
import { dataTable } from './data-table.ts';
import { html } from './html.ts';
import type { Html } from './show-page.ts';

/** One bar. */
export interface Bar {
  /** What the bar is of, such as a minute or a day. */
  readonly label: string;
  /** One number for each series, in their order. They are stacked. */
  readonly values: readonly number[];
}

/** A chart of bars. */
export interface BarChart {
  /** Part of the ids in the page. */
  readonly id: string;
  readonly title: string;
  /** What the bars are of, as the heading of the first column of the table. */
  readonly unit: string;
  /** The names of the series. The first is at the bottom. */
  readonly series: readonly string[];
  readonly bars: readonly Bar[];
  /** Further columns of the table, with a number for each bar. */
  readonly columns?: readonly { readonly label: string; readonly values: readonly number[] }[];
}

/** The units of the drawing. The style sheet gives it its size: it is as wide as the page. */
const WIDTH = 720;
const HEIGHT = 100;

/** A chart as plain SVG, with a title and a legend, and beneath it the same as a table. Its colours are in the style sheet. */
export function barChart({ id, title, unit, series, bars, columns = [] }: BarChart): Html {
  const highest = Math.max(0, ...bars.map(({ values }) => sum(values)));
  const total = sum(bars.flatMap(({ values }) => values));
  return html`<figure class="chart">
<figcaption>${title}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-labelledby="${id}-title">
<title id="${id}-title">${title}. In all: ${formatCount(total)}. The highest bar: ${formatCount(highest)}.</title>
${bars.map((bar, place) => drawBar(bar, place, { count: bars.length, highest, series }))}
</svg>
<p class="scale"><span>${bars.at(0)?.label ?? ''}</span> <span>in all ${formatCount(total)}, highest bar ${formatCount(highest)}</span> <span>${bars.at(-1)?.label ?? ''}</span></p>
${series.length < 2 ? '' : html`<ul class="legend" aria-hidden="true">${series.map((name, place) => html`<li class="series-${place}">${name}</li>`)}</ul>`}
<details id="${id}-table"><summary>The same as a table</summary>
${dataTable({
  caption: title,
  columns: [
    unit,
    ...[...series, ...columns.map(({ label }) => label)].map((label) => ({ label, numeric: true as const })),
  ],
  rows: bars
    .map(({ label, values }, place) => [
      label,
      ...[...values, ...columns.map((column) => column.values[place] ?? 0)].map(formatCount),
    ])
    .reverse(),
  empty: 'There is nothing.',
})}</details>
</figure>`;
}

interface Scale {
  readonly count: number;
  readonly highest: number;
  readonly series: readonly string[];
}

/** A bar of many thousands must not make one of a few invisible: each part that is not 0 has at least one unit of height. */
function drawBar({ label, values }: Bar, place: number, { count, highest, series }: Scale): Html {
  const step = WIDTH / count;
  const width = Math.max(1, step * 0.8);
  let top = HEIGHT;
  return html`<g>${values.map((value, index) => {
    if (value === 0) return '';
    const height = Math.max(1, (value / highest) * HEIGHT);
    top -= height;
    return html`<rect class="series-${index}" x="${round(place * step)}" y="${round(top)}" width="${round(width)}" height="${round(height)}"><title>${label}: ${formatCount(value)} ${series[index]}</title></rect>`;
  })}</g>`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
