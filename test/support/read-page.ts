/** What a person reads on a page: the status, the heading, and each text of the content on a line of its own. */
export async function readPage(response: Response) {
  const html = await response.text();
  const main = /<main[^>]*>(.*)<\/main>/s.exec(html)?.[1] ?? '';
  const lines = main
    .replaceAll(/<(?:datalist|option)\b.*?<\/(?:datalist|option)>/gs, '')
    .split(/<[^>]*>/)
    .map((text) => unescapeText(text).replaceAll(/\s+/g, ' ').trim())
    .filter((text) => text !== '');
  return { status: response.status, title: lines[0], lines: lines.slice(1), html };
}

function unescapeText(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

/** The rows of the table with this caption, as texts. */
export function readTable(html: string, caption: string): string[][] {
  const [, table = ''] = html.split(`<caption>${caption}</caption>`);
  const body = table.split('</tbody>')[0]?.split('<tbody>')[1] ?? '';
  return [...body.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) =>
      unescapeText(cell.replaceAll(/<[^>]*>/g, ''))
        .replaceAll(/\s+/g, ' ')
        .trim(),
    ),
  );
}
