import { html } from '../../layout/html.ts';

/** In place of a part that could not be read. */
export const NOT_KNOWN = html`<p class="empty">– This part could not be read.</p>`;
