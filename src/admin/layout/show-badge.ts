import { html } from './html.ts';
import type { Html } from './show-page.ts';

/** The states and outcomes that are good, and those that somebody has to look at. The others are neither. */
const KINDS: Readonly<Record<string, 'good' | 'bad'>> = {
  ...{ applied: 'good', finished: 'good', replayed: 'good', succeeded: 'good' },
  ...{ dead_letter: 'bad', open: 'bad', failed: 'bad', rejected: 'bad' },
};

/** A state or an outcome. Its colour says only what its word says, too. */
export function showBadge(code: string): Html {
  const kind = Object.hasOwn(KINDS, code) ? ` ${KINDS[code]}` : '';
  return html`<span class="badge${kind}">${code.replaceAll('_', ' ')}</span>`;
}
