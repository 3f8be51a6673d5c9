import { html } from './html.ts';
import type { Html } from './show-page.ts';

/** Names with their values. A value that is not there is left out. */
export function showFacts(facts: readonly (readonly [name: string, value: Html | string | number | null])[]): Html {
  return html`<dl class="facts card">${facts.map(([name, value]) => (value === null ? '' : html`<dt>${name}</dt><dd>${value}</dd>`))}</dl>`;
}
