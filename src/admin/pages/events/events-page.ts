import { Hono } from 'hono';
import { recordedOutcomes } from '../../../../drizzle/schema/codes.ts';
import { findEvents } from '../../../events/find-events.ts';
import type { AdminEnv } from '../../admin-env.ts';
import type { AdminParts } from '../../admin-parts.ts';
import { type FilterField, filterForm } from '../../filters/filter-form.ts';
import { readPlace, writePlace } from '../../filters/page-place.ts';
import { readQuery, writeQuery } from '../../filters/query.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import { writeTime } from '../dead-letters/letter-filter.ts';
import { listEvents } from './list-events.ts';

const PER_PAGE = 50;

const FIELDS: readonly FilterField[] = [
  {
    name: 'outcome',
    label: 'Outcome',
    options: [['', 'any'], ...recordedOutcomes.map((code) => [code, code.replace('_', ' ')] as const)],
  },
  {
    name: 'type',
    label: 'Event type',
    options: ['user.created', 'user.updated', 'user.deleted'].map((type) => [type, type] as const),
    isOpen: true,
  },
  { name: 'user', label: 'User id' },
];

const MORE: readonly FilterField[] = [
  { name: 'message', label: 'Message id' },
  { name: 'since', label: 'Received from (UTC)', type: 'time' },
  { name: 'until', label: 'Received before (UTC)', type: 'time' },
];

/** The ledger: one line for each settled message. */
export function createEventsPage({ read, showPage }: AdminParts): Hono<AdminEnv> {
  return new Hono<AdminEnv>().get('/events', async (c) => {
    const query = readQuery(c);
    const outcome = query.choice('outcome', recordedOutcomes);
    const [type, user, message] = ['type', 'user', 'message'].map(query.text);
    const [since, until] = ['since', 'until'].map(query.time);
    const place = readPlace(query, 'before');
    const { problems } = query;
    const values = { outcome, type, user, message, since: writeTime(since), until: writeTime(until) };
    const list = (one: string | undefined) => (one === undefined ? undefined : [one]);
    const page =
      problems.length > 0
        ? undefined
        : await read((session) =>
            findEvents(session, {
              outcomes: outcome && [outcome],
              ...{ types: list(type), userIds: list(user), messageIds: list(message), since, until, limit: PER_PAGE },
              before: place && { receivedAt: place.time, messageId: place.id },
            }),
          );
    const before = page?.next && writePlace({ time: page.next.receivedAt, id: page.next.messageId });
    return showPage(c, {
      title: 'Events',
      live: place === undefined,
      status: problems.length === 0 ? 200 : 400,
      form: filterForm({ action: linkTo(c, 'events'), fields: FIELDS, more: MORE, values, problems }),
      content: html`<p class="quiet">If an event comes again, the delivery is a duplicate. Duplicates are not listed here.</p>
${page === undefined ? '' : listEvents(c, page.events)}
${page?.isCut ? html`<p>Only 100,000 events were searched, the newest first.</p>` : ''}
${before === undefined ? '' : html`<p><a href="${linkTo(c, `events?${writeQuery({ ...values, before })}`)}">${page?.isCut ? 'Search older events' : 'Older events'}</a></p>`}`,
    });
  });
}
