import { html } from './html.ts';
import type { Html } from './show-page.ts';

/** A text of ours, in which commands stand between backticks. */
export function showProse(text: string): Html {
  return html`${text.split('`').map((part, place) => (place % 2 === 0 ? part : html`<code>${part}</code>`))}`;
}
