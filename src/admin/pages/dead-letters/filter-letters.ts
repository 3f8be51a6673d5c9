import type { Context } from 'hono';
import { origins } from '../../../../drizzle/schema/codes.ts';
import { KNOWN_REASONS } from '../../../dead-letters/explain-dead-letter.ts';
import type { AdminEnv } from '../../admin-env.ts';
import { type FilterField, filterForm } from '../../filters/filter-form.ts';
import { linkTo } from '../../layout/link-to.ts';
import type { Html } from '../../layout/show-page.ts';
import type { LetterQuery } from './letter-filter.ts';

const TYPES = ['user.created', 'user.updated', 'user.deleted'];
const same = (codes: readonly string[]) => codes.map((code) => [code, code.replaceAll('_', ' ')] as const);

const FIELDS: readonly FilterField[] = [
  {
    name: 'state',
    label: 'State',
    options: [['unresolved', 'open or queued'], ...same(['open', 'queued', 'replayed', 'discarded']), ['all', 'all']],
  },
  { name: 'reason', label: 'Reason', options: same(KNOWN_REASONS), isOpen: true },
  { name: 'path', label: 'Path (- for none)' },
];

const MORE: readonly FilterField[] = [
  { name: 'type', label: 'Event type', options: same(TYPES), isOpen: true },
  { name: 'origin', label: 'Origin', options: [['', 'any'], ...same(origins)] },
  { name: 'user', label: 'User id' },
  { name: 'error', label: 'Part of the error' },
  { name: 'since', label: 'Failed from (UTC)', type: 'time' },
  { name: 'until', label: 'Failed before (UTC)', type: 'time' },
];

/** The form that filters dead letters. */
export function filterLetters(
  c: Context<AdminEnv>,
  form: { readonly values: LetterQuery; readonly view: string; readonly problems: readonly string[] },
): Html {
  const { values, view, problems } = form;
  const action = linkTo(c, 'dead-letters');
  return filterForm({ action, fields: FIELDS, more: MORE, values, hidden: { view }, problems });
}
