/** The known value that was probably meant: up to a third of its characters differ. */
export function findSimilar(text: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((value) => ({ value, distance: countEdits(text.toLowerCase(), value.toLowerCase()) }))
    .filter(({ value, distance }) => distance <= Math.ceil(value.length / 3))
    .sort((a, b) => a.distance - b.distance);
  return best?.value;
}

/** ` Did you mean user.created?`, or an empty text. */
export function suggestSimilar(text: string, known: readonly string[]): string {
  const similar = findSimilar(text, known);
  return similar === undefined ? '' : ` Did you mean ${similar}?`;
}

/** Characters to insert, remove or replace until one text is the other (Levenshtein), row by row. */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, place) => place);
  for (const [place, character] of [...from].entries()) {
    const next = [place + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (row[column] ?? 0) + (character === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
