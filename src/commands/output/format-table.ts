import { escapeText } from './escape-text.ts';

export interface Column<Row> {
  title: string;
  /** What the row shows here; null and undefined show as a dash. */
  value: (row: Row) => string | number | null | undefined;
}

/** A heading and one line a row, in columns two spaces apart; numbers stand at the right. Ends with a line feed. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const blocks = columns.map(({ title, value }) => {
    const values = rows.map(value);
    const cells = [title, ...values.map((cell) => escapeText(String(cell ?? '-')))];
    const width = Math.max(...cells.map((cell) => cell.length));
    const numeric = values.length > 0 && values.every((cell) => typeof cell === 'number');
    return cells.map((cell) => (numeric ? cell.padStart(width) : cell.padEnd(width)));
  });
  const lines = Array.from({ length: rows.length + 1 }, (_, line) =>
    blocks
      .map((cells) => cells[line])
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
