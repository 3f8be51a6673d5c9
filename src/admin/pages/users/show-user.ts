import { type ListKey, listKeys } from '../../../clerk/user/children.ts';
import type { Row, UserRows } from '../../../users/find-users.ts';
import { dataTable } from '../../layout/data-table.ts';
import { html } from '../../layout/html.ts';
import { showFacts } from '../../layout/show-facts.ts';
import type { Html } from '../../layout/show-page.ts';

/** How the lists of children are called. */
const NAMES: Readonly<Record<ListKey, string>> = {
  email_addresses: 'E-mail addresses',
  phone_numbers: 'Phone numbers',
  web3_wallets: 'Wallets',
  passkeys: 'Passkeys',
  external_accounts: 'Linked accounts',
  saml_accounts: 'SAML accounts',
  enterprise_accounts: 'SSO accounts',
};

/** For the program only. */
const HIDDEN = new Set(['stated_keys', 'older_keys', 'user_id']);

/** A user's row and the children, column by column. What is null is left out. */
export function showUser({ user, children }: UserRows): Html {
  const facts = Object.entries(user).filter(([name, value]) => !HIDDEN.has(name) && value !== null);
  const lists = listKeys.filter((key) => children[key].length > 0);
  const empty = listKeys.filter((key) => children[key].length === 0).map((key) => NAMES[key].toLowerCase());
  return html`${showFacts(facts.map(([name, value]) => [name, showValue(value)] as const))}
${lists.map((key) => html`<h3>${NAMES[key]}</h3>${showChildren(NAMES[key], children[key])}`)}
${empty.length === 0 ? '' : html`<p class="quiet">None: ${empty.join(', ')}.</p>`}`;
}

/** Only columns that some row has a value in. */
function showChildren(caption: string, rows: readonly Row[]): Html {
  const names = Object.keys(rows[0] ?? {}).filter(
    (name) => !HIDDEN.has(name) && rows.some((row) => (row[name] ?? null) !== null && !isEmptyObject(row[name])),
  );
  return dataTable({
    caption,
    columns: names,
    rows: rows.map((row) => names.map((name) => ((row[name] ?? null) === null ? null : showValue(row[name])))),
    empty: 'There are none.',
  });
}

function showValue(value: unknown): Html | string {
  if (typeof value === 'string') return value;
  return html`<code>${JSON.stringify(value)}</code>`;
}

function isEmptyObject(value: unknown): boolean {
  return JSON.stringify(value) === '{}';
}
