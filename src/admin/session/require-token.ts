import type { Context, MiddlewareHandler } from 'hono';
import { HttpError } from '../../http/http-error.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { Attempts } from './attempts.ts';
import { readActor } from './read-actor.ts';
import type { Tokens } from './tokens.ts';

/** Lets in a request of the API with one of the tokens. `X-Actor` names who acts. No cookie is read. */
export function requireToken(tokens: Pick<Tokens, 'findRole'>, attempts: Attempts): MiddlewareHandler<AdminEnv> {
  return async function requireToken(c, next) {
    const token = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
    if (token === undefined) throw makeUnauthorized('Send "Authorization: Bearer <token>" with one of the tokens.');
    c.set('viewer', {
      role: checkToken(c, token, { tokens, attempts }),
      actor: readActor(c.req.header('x-actor')),
      via: 'api',
    });
    return next();
  };
}

/**
 * What the holder of a token may do, for the sign-in page and the API.
 *
 * @throws {HttpError} 401 if the token is wrong, 429 after too many wrong ones.
 */
export function checkToken(
  c: Context<AdminEnv>,
  token: string,
  { tokens, attempts }: { readonly tokens: Pick<Tokens, 'findRole'>; readonly attempts: Attempts },
) {
  attempts.assertAllowed(c);
  const role = tokens.findRole(token);
  if (role !== undefined) return role;
  attempts.recordWrong(c);
  throw makeUnauthorized('This token is wrong.');
}

function makeUnauthorized(message: string): HttpError {
  return new HttpError(401, 'unauthorized', message, { headers: { 'www-authenticate': 'Bearer' } });
}
