import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The text of each file by its name. The build puts them in. */
declare const BUNDLED_ASSETS: Readonly<Record<string, string>> | undefined;

/** What a browser loads beside a page. */
export interface Assets {
  /** By the name of a file, the name below `assets/` that it has as long as its text stays the same. */
  readonly urls: Readonly<Record<string, string>>;
  /** By that name, the text and its type. */
  readonly files: ReadonlyMap<string, { readonly text: string; readonly type: string }>;
}

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Loads the files once: from the program, or from this folder in a checkout. */
export function loadAssets(): Assets {
  const texts = Object.entries(joinStyles(typeof BUNDLED_ASSETS === 'undefined' ? readFolder() : BUNDLED_ASSETS));
  const named = texts.map(([name, text]) => {
    const [stem = '', extension = ''] = name.split('.');
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
    return { name, url: `${stem}-${hash}.${extension}`, file: { text, type: TYPES[extension] ?? 'text/plain' } };
  });
  return {
    urls: Object.fromEntries(named.map(({ name, url }) => [name, url])),
    files: new Map(named.map(({ url, file }) => [url, file])),
  };
}

/** A browser gets one stylesheet: the files in the order of their names. */
function joinStyles(files: Readonly<Record<string, string>>): Record<string, string> {
  const names = Object.keys(files).sort((one, other) => (one < other ? -1 : 1));
  const others = names.filter((name) => !name.endsWith('.css')).map((name) => [name, files[name]]);
  const styles = names.filter((name) => name.endsWith('.css')).map((name) => files[name]);
  return { ...Object.fromEntries(others), 'style.css': styles.join('\n') };
}

function readFolder(): Record<string, string> {
  const names = readdirSync(import.meta.dirname).filter((name) => !name.endsWith('.ts'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(import.meta.dirname, name), 'utf8')]));
}
