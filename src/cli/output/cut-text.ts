import stringWidth from 'string-width';

const ELLIPSIS = '…';
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The text, no wider than this on a terminal. It is cut in the middle, because paths differ at their ends. */
export function cutText(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const parts = [...graphemes.segment(text)].map(({ segment }) => segment);
  const head = takeWidth(parts, Math.ceil((width - 1) / 2));
  const tail = takeWidth(parts.toReversed(), width - 1 - stringWidth(head.join('')));
  return [...head, ELLIPSIS, ...tail.toReversed()].join('');
}

function takeWidth(parts: readonly string[], width: number): string[] {
  let taken = 0;
  const end = parts.findIndex((part) => {
    taken += stringWidth(part);
    return taken > width;
  });
  return parts.slice(0, end === -1 ? parts.length : end);
}
