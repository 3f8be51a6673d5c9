import stringWidth from 'string-width';
import { escapeText } from '../../text/escape-text.ts';
import { cutText } from './cut-text.ts';

/** One column of a table. */
export interface Column<Row> {
  title: string;
  /** What a row shows here. Null and undefined show as a dash. */
  value: (row: Row) => string | number | null | undefined;
  /** If a line is too long, the column is left out, the highest number first. Default: it stays. */
  spare?: number;
  /** If a line is too long, the cells may be cut to this width. Default: they are shown whole. */
  narrowest?: number;
}

const GAP = 2;

interface Block {
  readonly cells: readonly string[];
  readonly isNumeric: boolean;
  readonly width: number;
  readonly narrowest: number;
  readonly spare: number;
}

/**
 * A heading and one line for each row, in columns two spaces apart. Numbers are aligned to the right. Ends with a line feed.
 *
 * @param width of the terminal. Without one nothing is cut or left out.
 */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width = Number.POSITIVE_INFINITY,
): string {
  const blocks = narrow(
    columns.map((column) => makeBlock(column, rows)),
    width,
  ).map(({ cells, isNumeric, width: cellWidth }) =>
    cells.map((cell) => pad(cutText(cell, cellWidth), cellWidth, isNumeric)),
  );
  const lines = Array.from({ length: rows.length + 1 }, (_, line) =>
    blocks
      .map((cells) => cells[line])
      .join(' '.repeat(GAP))
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

function makeBlock<Row>({ title, value, spare = 0, narrowest }: Column<Row>, rows: readonly Row[]): Block {
  const values = rows.map(value);
  const cells = [title, ...values.map((cell) => escapeText(String(cell ?? '-')))];
  const width = Math.max(...cells.map((cell) => stringWidth(cell)));
  return {
    cells,
    isNumeric: values.length > 0 && values.every((cell) => typeof cell === 'number'),
    width,
    narrowest: Math.min(width, narrowest ?? width),
    spare,
  };
}

/** Leaves out whole columns until the others can be made narrow enough, then cuts the widest ones. */
function narrow(blocks: readonly Block[], width: number): Block[] {
  let kept = [...blocks];
  while (measure(kept, 'narrowest') > width && kept.some(({ spare }) => spare > 0)) {
    const most = Math.max(...kept.map(({ spare }) => spare));
    kept = kept.filter(({ spare }) => spare < most);
  }
  for (let excess = measure(kept, 'width') - width; excess > 0; ) {
    const widest = kept.filter((block) => block.width > block.narrowest).sort((a, b) => b.width - a.width)[0];
    if (widest === undefined) break;
    const narrower = Math.max(widest.narrowest, widest.width - excess);
    excess -= widest.width - narrower;
    kept = kept.map((block) => (block === widest ? { ...block, width: narrower } : block));
  }
  return kept;
}

function measure(blocks: readonly Block[], by: 'width' | 'narrowest'): number {
  return blocks.reduce((sum, block) => sum + block[by] + GAP, -GAP);
}

function pad(text: string, width: number, atRight: boolean): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return atRight ? space + text : text + space;
}
