/**
 * Breaks a line at spaces, so that no part is wider than this. A word that is wider stays whole, and so does a command in
 * backticks: half a command can't be copied. Never empty.
 */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.match(/(?:`[^`]*`|[^ ])+|(?<= |^)(?= |$)/g) ?? []) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
