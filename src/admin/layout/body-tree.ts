import { parseJson } from '../../clerk/json/parse-json.ts';
import { formatQuantity } from '../../text/format-quantity.ts';
import { html } from './html.ts';
import type { Html } from './show-page.ts';

/** What is shown of a body. */
export interface BodyTreeOptions {
  /** Whether only the kinds of its values are shown. Values are personal data. */
  readonly isMasked: boolean;
}

/** A body has up to a megabyte. A browser is slow to open more parts than this, and nobody reads them. */
const MOST_PARTS = 5000;
/** The levels that are open at first. */
const OPEN_LEVELS = 2;

/** A body as a tree that can be opened part by part, also without JavaScript. A body that is not JSON is shown as it is. */
export function bodyTree(body: string, { isMasked }: BodyTreeOptions): Html {
  const parsed = parseJson(body);
  if ('unreadable' in parsed) {
    const size = formatQuantity(body.length, 'character');
    return isMasked ? html`<p class="masked">Not JSON, ${size}</p>` : html`<pre>${body}</pre>`;
  }
  return html`<ul class="tree">${new Tree(isMasked).showPart('body', parsed.value, 0)}</ul>`;
}

/** Counts what it has shown. */
class Tree {
  readonly #isMasked: boolean;
  #shown = 0;

  constructor(isMasked: boolean) {
    this.#isMasked = isMasked;
  }

  showPart(key: string, value: unknown, level: number): Html {
    this.#shown += 1;
    const parts = listParts(value);
    if (parts === undefined) {
      const text = this.#isMasked ? describeKind(value) : showValue(value);
      return html`<li><code>${key}</code> <span class="${this.#isMasked ? 'masked' : 'value'}">${text}</span></li>`;
    }
    const size = formatQuantity(
      parts.count,
      Array.isArray(value) ? 'item' : 'property',
      Array.isArray(value) ? 'items' : 'properties',
    );
    if (parts.count === 0) return html`<li><code>${key}</code> <span class="quiet">${size}</span></li>`;
    const inner: Html[] = [];
    for (const [name, part] of parts.first) {
      if (this.#shown >= MOST_PARTS) {
        inner.push(html`<li class="quiet">More is not shown here.</li>`);
        break;
      }
      inner.push(this.showPart(name, part, level + 1));
    }
    const open = level < OPEN_LEVELS ? html` open` : '';
    return html`<li><details${open}><summary><code>${key}</code> <span class="quiet">${size}</span></summary><ul>${inner}</ul></details></li>`;
  }
}

interface Parts {
  readonly count: number;
  /** Only as many as can be shown, by their names. */
  readonly first: readonly (readonly [name: string, part: unknown])[];
}

/** Undefined for what has no parts. A number whose digits are kept is an object, too. */
function listParts(value: unknown): Parts | undefined {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return undefined;
  if (Array.isArray(value)) return { count: value.length, first: Object.entries(value.slice(0, MOST_PARTS + 1)) };
  const parts = Object.entries(value);
  return { count: parts.length, first: parts };
}

function showValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function describeKind(value: unknown): string {
  if (typeof value === 'string') return `text, ${formatQuantity(value.length, 'character')}`;
  if (typeof value === 'boolean') return 'true or false';
  return value === null ? 'null' : 'number';
}
