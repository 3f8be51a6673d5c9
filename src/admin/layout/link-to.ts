import type { Context } from 'hono';
import type { AdminEnv } from '../admin-env.ts';

/**
 * A relative link to something below the path of the page. It is right behind every proxy, also behind one that changes the
 * path. Encode ids with `encodeURIComponent`.
 *
 * @example
 * html`<a href="${linkTo(c, `users/${encodeURIComponent(id)}`)}">${id}</a>`
 */
export function linkTo(c: Context<AdminEnv>, target: string): string {
  return `${c.get('root')}${target}`;
}

/** What `linkTo` puts in front: the way from the URL of a request up to `path`. */
export function findRoot({ req }: Pick<Context, 'req'>, path: string): string {
  const below = req.path.slice(path.length).split('/').length - 2;
  return below < 1 ? './' : '../'.repeat(below);
}
