import { type Context, Hono } from 'hono';
import { findLetterPage, type LetterPage } from '../../../dead-letters/find-letter-page.ts';
import { type DeadLetterGroup, summarizeDeadLetters } from '../../../dead-letters/summarize-dead-letters.ts';
import { formatCapped, formatQuantity } from '../../../text/format-quantity.ts';
import type { AdminEnv } from '../../admin-env.ts';
import type { AdminParts } from '../../admin-parts.ts';
import { readQuery, writeQuery } from '../../filters/query.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import type { Html } from '../../layout/show-page.ts';
import { filterLetters } from './filter-letters.ts';
import { type LetterQuery, readLetterFilter, readLetterPlace, writeLetterPlace } from './letter-filter.ts';
import { listLetters } from './list-letters.ts';
import { showCauses } from './show-causes.ts';

const VIEWS = ['causes', 'letters'] as const;
const PER_PAGE = 50;

/** Dead letters: one line for each cause, or one for each letter. */
export function createDeadLettersPage({ read, showPage }: AdminParts): Hono<AdminEnv> {
  return new Hono<AdminEnv>().get('/dead-letters', async (c) => {
    const query = readQuery(c);
    const { filter, values } = readLetterFilter(query);
    const view = query.choice('view', VIEWS) ?? 'causes';
    const after = readLetterPlace(query);
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
    const page = await read((session) =>
      findLetterPage(session, { ...filter, ...(after && { after }), limit: PER_PAGE }),
    );
    return show(showLetters(c, page, values));
  });
}

function listCauses(c: Context<AdminEnv>, groups: readonly DeadLetterGroup[], values: LetterQuery): Html {
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  const letters = formatCapped({ count, capped: groups.some(({ capped }) => capped) });
  return html`<h2>${letters} ${count === 1 ? 'letter' : 'letters'} of ${formatQuantity(groups.length, 'cause')}</h2>
${groups.length === 0 ? '' : showLinks(c, values, 'letters')}
${showCauses(c, groups, values)}`;
}

function showLetters(c: Context<AdminEnv>, { letters, next: place, isCut }: LetterPage, values: LetterQuery): Html {
  const next = place && { ...values, view: 'letters', after: writeLetterPlace(place) };
  return html`<h2>Letters, the longest waiting first</h2>
${letters.length === 0 && !isCut ? '' : showLinks(c, values, 'causes')}
${listLetters(c, letters)}
${isCut ? html`<p>Only 50,000 letters were searched, the oldest first.</p>` : ''}
${next === undefined ? '' : html`<p><a href="${linkTo(c, `dead-letters?${writeQuery(next)}`)}">${isCut ? 'Search the next letters' : 'Next page'}</a></p>`}`;
}

/** The other view, and the way to replay all that match. */
function showLinks(c: Context<AdminEnv>, values: LetterQuery, view: (typeof VIEWS)[number]): Html {
  const label = view === 'letters' ? 'Show each letter' : 'Show causes';
  return html`<p class="row">
<a class="button plain" href="${linkTo(c, `dead-letters?${writeQuery({ ...values, view })}`)}">${label}</a>
<a class="button" href="${linkTo(c, `replay-runs/new?${writeQuery(values)}`)}">Replay all that match …</a>
</p>`;
}
