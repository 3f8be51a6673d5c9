import { html } from './html.ts';
import type { Html } from './show-page.ts';

/** What is in a cell. Texts are escaped. */
export type Cell = Html | string | number | null;

/** A table. */
export interface DataTable {
  /** Says what the table shows, also to screen readers. */
  readonly caption: string;
  readonly columns: readonly (string | { readonly label: string; readonly numeric: true })[];
  /** The first cell of a row is its heading. */
  readonly rows: readonly (readonly Cell[])[];
  /** A sentence in place of a table without rows. */
  readonly empty: string;
}

/** A table that scrolls by itself if it is wider than the screen. */
export function dataTable({ caption, columns, rows, empty }: DataTable): Html {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  const isNumeric = (index: number) => typeof columns[index] === 'object';
  const kind = (index: number) => (isNumeric(index) ? html` class="number"` : '');
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map((column, index) => html`<th scope="col"${kind(index)}>${typeof column === 'string' ? column : column.label}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell, index) => (index === 0 ? html`<th scope="row"${kind(index)}>${cell}</th>` : html`<td${kind(index)}>${cell ?? '–'}</td>`))}</tr>`)}</tbody>
</table></div>`;
}
