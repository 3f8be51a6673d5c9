import { type Context, Hono } from 'hono';
import type { DeadLetter } from '../../dead-letters/dead-letter.ts';
import { findDeadLetters } from '../../dead-letters/find-dead-letters.ts';
import { type DeadLetterGroup, summarizeDeadLetters } from '../../dead-letters/summarize-dead-letters.ts';
import { formatQuantity } from '../../text/format-quantity.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { AdminParts } from '../admin-parts.ts';
import { readPlace, writePlace } from '../filters/page-place.ts';
import { readQuery, writeQuery } from '../filters/query.ts';
import { dataTable } from '../layout/data-table.ts';
import { html } from '../layout/html.ts';
import { linkTo } from '../layout/link-to.ts';
import { showBadge } from '../layout/show-badge.ts';
import type { Html } from '../layout/show-page.ts';
import { showTime } from '../layout/show-time.ts';
import { showUserLink } from '../layout/show-user-link.ts';
import { filterLetters } from '../letters/filter-letters.ts';
import { type LetterQuery, readLetterFilter } from '../letters/letter-filter.ts';
import { showCauses } from '../letters/show-causes.ts';

const VIEWS = ['causes', 'letters'] as const;
const PER_PAGE = 50;

/** Dead letters: one line for each cause, or one for each letter. */
export function createDeadLettersPage({ read, showPage }: AdminParts): Hono<AdminEnv> {
  return new Hono<AdminEnv>().get('/dead-letters', async (c) => {
    const query = readQuery(c);
    const { filter, values } = readLetterFilter(query);
    const view = query.choice('view', VIEWS) ?? 'causes';
    const place = readPlace(query, 'after');
    const { problems } = query;
    const show = (list: Html | '') =>
      showPage(c, {
        title: 'Dead letters',
        content: html`${filterLetters(c, { values, view, problems })}${list}`,
        status: problems.length === 0 ? 200 : 400,
      });
    if (problems.length > 0) return show('');
    if (view === 'causes') {
      return show(listCauses(c, await read((session) => summarizeDeadLetters(session, filter)), values));
    }
    const time = new Date(place?.time ?? Number.NaN);
    const after = Number.isNaN(time.getTime()) ? undefined : { firstFailedAt: time, messageId: place?.id ?? '' };
    const letters = await read((session) =>
      findDeadLetters(session, { ...filter, ...(after && { after }), limit: PER_PAGE + 1 }),
    );
    return show(listLetters(c, letters, values));
  });
}

function listCauses(c: Context<AdminEnv>, groups: readonly DeadLetterGroup[], values: LetterQuery): Html {
  const letters = groups.reduce((sum, { count }) => sum + count, 0);
  return html`<h2>${formatQuantity(letters, 'letter')} of ${formatQuantity(groups.length, 'cause')}</h2>
${letters === 0 ? '' : showLinks(c, values, 'letters')}
${showCauses(c, groups, values)}`;
}

function listLetters(c: Context<AdminEnv>, found: readonly DeadLetter[], values: LetterQuery): Html {
  const letters = found.slice(0, PER_PAGE);
  const last = found.length > PER_PAGE ? letters.at(-1) : undefined;
  const next = last && {
    ...{ ...values, view: 'letters' },
    after: writePlace({ time: last.first_failed_at.toISOString(), id: last.message_id }),
  };
  return html`<h2>Letters, the longest waiting first</h2>
${letters.length === 0 ? '' : showLinks(c, values, 'causes')}
${dataTable({
  caption: 'Dead letters, the longest waiting first',
  columns: ['Message', 'Reason', 'Path', 'Type', 'User', { label: 'Attempts', numeric: true }, 'First failed', 'State'],
  rows: letters.map((letter) => [
    html`<a href="${linkTo(c, `dead-letters/${encodeURIComponent(letter.message_id)}`)}"><code>${letter.message_id}</code></a>`,
    html`<code>${letter.reason}</code>`,
    letter.path === null ? null : html`<code>${letter.path}</code>`,
    letter.event_type ?? letter.origin,
    showUserLink(c, letter.user_id),
    letter.attempts,
    showTime(letter.first_failed_at),
    showBadge(letter.state),
  ]),
  empty: 'No dead letter matches.',
})}
${next === undefined ? '' : html`<p><a href="${linkTo(c, `dead-letters?${writeQuery(next)}`)}">Next page</a></p>`}`;
}

/** The other view, and the way to replay all that match. */
function showLinks(c: Context<AdminEnv>, values: LetterQuery, view: (typeof VIEWS)[number]): Html {
  const label = view === 'letters' ? 'Show each letter' : 'Show causes';
  return html`<p class="row">
<a class="button plain" href="${linkTo(c, `dead-letters?${writeQuery({ ...values, view })}`)}">${label}</a>
<a class="button" href="${linkTo(c, `replay-runs/new?${writeQuery(values)}`)}">Replay all that match …</a>
</p>`;
}
